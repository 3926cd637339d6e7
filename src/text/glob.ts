/**
 * A test for whole names: `*` is any text, `?` any character. A star that turned out too short is lengthened, and
 * only the last one: the time is at most that of name and pattern multiplied, whatever the pattern.
 */
export function globMatcher(pattern: string): (name: string) => boolean {
  return (name) => {
    let [at, place, star, resume] = [0, 0, -1, 0];
    while (at < name.length) {
      if (pattern[place] === '*') {
        star = place++;
        resume = at;
      } else if (place < pattern.length && (pattern[place] === '?' || pattern[place] === name[at])) {
        place++;
        at++;
      } else if (star >= 0) {
        place = star + 1;
        at = ++resume;
      } else return false;
    }
    while (pattern[place] === '*') place++;
    return place === pattern.length;
  };
}
