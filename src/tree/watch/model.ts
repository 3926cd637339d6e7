/**
 * The live tree: all tasks, kept up to date by events and compared with a walk from time to time.
 *
 * A task is its number and its start: a number that comes back is another task. An event says all that it knows
 * of its task, so an event whose predecessors were lost still gives a task that is right.
 *
 * A process that ends stays for a while as an ended one. A thread that ends is gone at once, except the leader of
 * a process whose other threads live on: it stays, as it does in the kernel, and an exec in another thread gives
 * it back its life (that thread takes over the leader's number and start).
 *
 * Parents. When a process ends the kernel gives its children to another thread of it, or to the nearest ancestor
 * that asked for orphans, or to the first process of the pid namespace (forget_original_parent, kernel/exit.c).
 * No event says to whom, so the same rule is applied here, and `unsure` asks for a walk, which knows.
 *
 * Exactness. As long as no event was lost, every exec and every end of a process since the start is in `counts`,
 * and no walk finds a task gone whose end was not seen. With losses the walk finds those: they are counted as
 * `missed` and shown as ended, how is not known.
 */
import type { KernelString } from '../../text/kernel-string.ts';
import type { ExecEvent, ExitEvent, TaskEvent, TaskFacts, Walk, WalkedTask } from './event.ts';

/** How a process ended. */
export interface End {
  /** As wait(2) gives it; undefined if the event was lost. */
  readonly status: number | undefined;
  readonly runTime: bigint | undefined;
  readonly cpuTime: bigint | undefined;
}

export interface LiveTask {
  readonly tid: number;
  pid: number;
  readonly start: bigint;
  vtid: number;
  nsLevel: number;
  rptid: number;
  rppid: number;
  euid: number;
  reaper: boolean;
  comm: KernelString;
  /** Times this process executed a file since it is watched: what a walk said of its file before is old then. */
  execs: number;
  state: 'alive' | 'zombie' | 'ended';
  end: End | undefined;
  /** The event that changed it last, CLOCK_MONOTONIC; 0 if only walks know it. */
  touched: bigint;
  /** When it ended, by the clock of `expire`. */
  endedAt: number;
  outsideWalk: boolean;
}

export interface LiveCounts {
  /** Processes that started. Threads are not counted here. */
  readonly forks: number;
  readonly execs: number;
  /** Processes that ended, each once. */
  readonly exits: number;
  /** Tasks that a walk found gone without an event. */
  readonly missed: number;
}

/** The first process of a machine: gets what nobody else takes. */
const INIT = 1;

/** The live tree for those who only look at it. */
export type LiveView = Pick<LiveTree, 'size' | 'revision' | 'counts' | 'task' | 'tasks' | 'lineage'>;

export class LiveTree {
  /** The tasks of now by number, ended processes whose number nobody else has got among them. */
  readonly #tasks = new Map<number, LiveTask>();
  /** Ended and not yet expired, the oldest first. */
  readonly #ended = new Set<LiveTask>();
  readonly #children = new Map<number, Set<LiveTask>>();
  #forks = 0;
  #execs = 0;
  #exits = 0;
  #missed = 0;
  #unsure = false;
  #revision = 0;

  get size(): number {
    return this.#tasks.size;
  }

  /** Changes with every change. */
  get revision(): number {
    return this.#revision;
  }

  get counts(): LiveCounts {
    return { forks: this.#forks, execs: this.#execs, exits: this.#exits, missed: this.#missed };
  }

  /** A parent was derived, not reported: a walk would make sure. The next walk that is applied clears it. */
  get unsure(): boolean {
    return this.#unsure;
  }

  task(tid: number): LiveTask | undefined {
    return this.#tasks.get(tid);
  }

  tasks(): IterableIterator<LiveTask> {
    return this.#tasks.values();
  }

  /** The task, then its parents upwards; a cycle ends where it closes. */
  lineage(start: LiveTask): LiveTask[] {
    const seen = new Set<LiveTask>();
    for (
      let task: LiveTask | undefined = start;
      task && !seen.has(task);
      task = this.#tasks.get(task.rptid)
    ) {
      seen.add(task);
    }
    return [...seen];
  }

  /** @param now for `expire`, milliseconds of any clock that does not go back. Gives the task it is about. */
  apply(event: TaskEvent, now: number): LiveTask {
    this.#revision += 1;
    switch (event.kind) {
      case 'fork':
        if (event.tid === event.pid) this.#forks += 1;
        return this.#upsert(event, event.time);
      case 'exec':
        return this.#exec(event);
      case 'exit':
        return this.#exit(event, now);
    }
  }

  #exec(event: ExecEvent): LiveTask {
    this.#execs += 1;
    if (event.oldTid !== event.tid) {
      const caller = this.#tasks.get(event.oldTid);
      if (caller !== undefined && caller.pid === event.pid) this.#become(caller, event.tid);
    }
    const task = this.#upsert(event, event.time);
    this.#revive(task);
    task.execs += 1;
    return task;
  }

  /** The calling thread's number is no more; its children are now those of the number that it has taken. */
  #become(caller: LiveTask, tid: number): void {
    for (const child of [...(this.#children.get(caller.tid) ?? [])]) this.#setParent(child, tid);
    this.#remove(caller);
  }

  #revive(task: LiveTask): void {
    if (task.state === 'alive') return;
    this.#ended.delete(task);
    task.state = 'alive';
    task.end = undefined;
  }

  #exit(event: ExitEvent, now: number): LiveTask {
    const task = this.#upsert(event, event.time);
    if (event.processEnded) {
      // Of a process with threads the leader's entry is the process; the last thread is only a thread.
      const leader = task.tid === task.pid ? task : (this.#tasks.get(event.pid) ?? task);
      const counted = leader.end?.status !== undefined;
      if (!counted) {
        this.#exits += 1;
        const { status, runTime, cpuTime } = event;
        this.#end(leader, { status, runTime, cpuTime }, now);
      }
      this.#orphan(leader);
      if (leader === task) return task;
      this.#orphan(task);
      this.#remove(task);
      return leader;
    }
    if (task.tid === task.pid) {
      if (task.state === 'alive') task.state = 'zombie';
      this.#orphan(task);
    } else {
      this.#orphan(task);
      this.#remove(task);
    }
    return task;
  }

  #end(task: LiveTask, end: End, now: number): void {
    task.state = 'ended';
    task.end = end;
    task.endedAt = now;
    this.#ended.add(task);
  }

  /** Gives the living children of a task that ends to whom the kernel gives them. */
  #orphan(task: LiveTask): void {
    const children = [...(this.#children.get(task.tid) ?? [])].filter((child) => child.state === 'alive');
    if (children.length === 0) return;
    this.#unsure = true;
    for (const child of children) {
      const heir = this.#heir(task, child);
      this.#setParent(child, heir?.tid ?? INIT);
      child.rppid = heir?.pid ?? INIT;
    }
  }

  #heir(task: LiveTask, child: LiveTask): LiveTask | undefined {
    if (task.state !== 'ended') {
      const leader = this.#tasks.get(task.pid);
      if (leader !== undefined && leader !== task && leader.state === 'alive') return leader;
      const sibling = this.#aliveThread(task);
      if (sibling !== undefined) return sibling;
    }
    const seen = new Set<LiveTask>();
    for (let up = this.#tasks.get(task.rptid); up && !seen.has(up); up = this.#tasks.get(up.rptid)) {
      seen.add(up);
      // The first process of a namespace takes the orphans in it; those outside go further up.
      const takes = up.reaper || (up.vtid === 1 && up.nsLevel === child.nsLevel);
      if (takes && up.state === 'alive') return up;
    }
    return this.#tasks.get(INIT);
  }

  #aliveThread(task: LiveTask): LiveTask | undefined {
    // Rare (a leader that ended before its threads, with children of its own), so a search is good enough.
    for (const other of this.#tasks.values()) {
      if (other.pid === task.pid && other !== task && other.state === 'alive') return other;
    }
    return undefined;
  }

  /** The task of these facts, made or brought up to date. A task of the same number and another start is gone. */
  #upsert(facts: TaskFacts, touched: bigint): LiveTask {
    const known = this.#tasks.get(facts.tid);
    if (known !== undefined && (known.start === facts.start || known.outsideWalk)) {
      if (known.rptid !== facts.rptid) this.#setParent(known, facts.rptid);
      known.pid = facts.pid;
      known.vtid = facts.vtid;
      known.nsLevel = facts.nsLevel;
      known.rppid = facts.rppid;
      known.euid = facts.euid;
      known.reaper = facts.reaper;
      known.comm = facts.comm;
      if (touched > known.touched) known.touched = touched;
      return known;
    }
    if (known !== undefined) {
      if (known.state === 'alive') this.#missed += 1;
      this.#remove(known);
    }
    const { tid, pid, start, vtid, nsLevel, rptid, rppid, euid, reaper, comm } = facts;
    const task: LiveTask = {
      ...{ tid, pid, start, vtid, nsLevel, rptid, rppid, euid, reaper, comm },
      ...{ execs: 0, state: 'alive', end: undefined, touched, endedAt: 0, outsideWalk: false },
    };
    this.#tasks.set(tid, task);
    this.#childrenOf(rptid).add(task);
    return task;
  }

  #childrenOf(tid: number): Set<LiveTask> {
    let children = this.#children.get(tid);
    if (children === undefined) {
      children = new Set();
      this.#children.set(tid, children);
    }
    return children;
  }

  #setParent(task: LiveTask, rptid: number): void {
    this.#leaveParent(task);
    task.rptid = rptid;
    this.#childrenOf(rptid).add(task);
  }

  #leaveParent(task: LiveTask): void {
    const siblings = this.#children.get(task.rptid);
    siblings?.delete(task);
    if (siblings?.size === 0) this.#children.delete(task.rptid);
  }

  #remove(task: LiveTask): void {
    this.#ended.delete(task);
    this.#leaveParent(task);
    if (this.#tasks.get(task.tid) === task) this.#tasks.delete(task.tid);
  }

  /**
   * Compares with a walk, after all events that came before its end. What the walk has is right; what it does not
   * have and nothing was heard of since it began has ended.
   *
   * @param lost whether events were lost since the last walk: only then is a task that is gone a missed end.
   *   Otherwise it is a task that the walk cannot see (of another pid namespace), and leaves without a trace.
   */
  reconcile(walk: Walk, now: number, lost: boolean): void {
    this.#revision += 1;
    this.#unsure = false;
    const found = new Set<number>();
    for (const walked of walk.tasks) {
      found.add(walked.tid);
      this.#meet(walked, walk.began, lost);
    }
    for (const task of [...this.#tasks.values()]) {
      if (task.state === 'ended' || task.touched >= walk.began || task.outsideWalk || found.has(task.tid))
        continue;
      if (lost && task.tid === task.pid && task.state === 'alive') {
        this.#missed += 1;
        this.#end(task, { status: undefined, runTime: undefined, cpuTime: undefined }, now);
        this.#orphan(task);
      } else this.#remove(task);
    }
  }

  #meet(walked: WalkedTask, began: bigint, lost: boolean): void {
    const known = this.#tasks.get(walked.tid);
    if (known !== undefined && known.start === walked.start && known.touched >= began) return;
    // Its end was heard of: the walk has seen it before that, or as one that waits for its parent.
    if (known?.start === walked.start && known.state === 'ended') return;
    if (known !== undefined && known.start > walked.start) return;
    const sameName = known?.comm.equals(walked.comm);
    const task = this.#upsert(walked, known?.start === walked.start ? known.touched : 0n);
    task.outsideWalk = walked.outsideWalk === true;
    if (walked.zombie) task.state = 'zombie';
    else if (task.state === 'zombie') task.state = 'alive';
    // An exec whose event was lost: what is known of the file may be old.
    if (lost && !sameName) task.execs += 1;
  }

  /** Takes away what ended at `before` or earlier. */
  expire(before: number): void {
    for (const task of this.#ended) {
      if (task.endedAt > before) break;
      this.#revision += 1;
      for (const child of [...(this.#children.get(task.tid) ?? [])]) {
        this.#setParent(child, task.rptid);
        child.rppid = task.rppid;
      }
      this.#remove(task);
    }
  }
}
