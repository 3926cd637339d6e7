/** Waiting in tests: for a condition, never for a time. */

/**
 * Asks again and again until the answer is neither false nor undefined, and returns it.
 *
 * @param what the condition in words, for the error
 * @param within milliseconds, default 10,000: a guest under emulation is slow
 */
export async function waitUntil<T>(
  what: string,
  ask: () => T | false | undefined | Promise<T | false | undefined>,
  within = 10_000,
): Promise<T> {
  const end = performance.now() + within;
  for (let pause = 2; ; pause = Math.min(pause * 2, 100)) {
    const answer = await ask();
    if (answer !== false && answer !== undefined) return answer;
    if (performance.now() > end) throw new Error(`waited ${within} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
