import type {Task, Timer} from './schedule.ts';

/** One armed timer; ties run in the order they were armed, so the heap itself adds no chance. */
export class HeapTimer implements Timer {
  readonly dueNs: number;
  readonly order: number;
  /** Undefined once cancelled: the heap drops such entries when they come to the top. */
  task: Task | undefined;

  constructor(dueNs: number, order: number, task: Task) {
    this.dueNs = dueNs;
    this.order = order;
    this.task = task;
  }

  cancel(): void {
    this.task = undefined;
  }
}

const before = (a: HeapTimer, b: HeapTimer): boolean => a.dueNs < b.dueNs || (a.dueNs === b.dueNs && a.order < b.order);

/** Binary min-heap on (due time, arming order); cancellation is lazy. */
export class TimerHeap {
  private readonly heap: HeapTimer[] = [];
  private nextOrder = 0;

  push(dueNs: number, task: Task): HeapTimer {
    const timer = new HeapTimer(dueNs, this.nextOrder++, task);
    const heap = this.heap;
    let i = heap.length;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!before(timer, heap[parent])) break;
      heap[i] = heap[parent];
      i = parent;
    }
    heap[i] = timer;
    return timer;
  }

  /** Due time of the earliest live timer, Infinity when there is none. */
  earliestNs(): number {
    while (this.heap.length > 0 && this.heap[0].task === undefined) this.removeTop();
    return this.heap.length > 0 ? this.heap[0].dueNs : Infinity;
  }

  /** Removes and returns the earliest task due at or before `nowNs`. */
  popDue(nowNs: number): Task | undefined {
    if (this.earliestNs() > nowNs) return undefined;
    const {task} = this.heap[0];
    this.removeTop();
    return task;
  }

  clear(): void {
    this.heap.length = 0;
  }

  private removeTop(): void {
    const heap = this.heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    const size = heap.length;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= size) break;
      if (child + 1 < size && before(heap[child + 1], heap[child])) child++;
      if (!before(heap[child], last)) break;
      heap[i] = heap[child];
      i = child;
    }
    heap[i] = last;
  }
}
