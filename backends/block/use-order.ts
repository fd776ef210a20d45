/** Numbers 0..size-1 in the order in which they were added: a doubly linked list without objects. */
export class UseOrder {
  /** Neighbours by number; the last place is the list's own end, before the first and behind the last. */
  private readonly next: Int32Array;
  private readonly previous: Int32Array;
  private readonly end: number;

  constructor(size: number) {
    this.end = size;
    this.next = new Int32Array(size + 1).fill(size);
    this.previous = new Int32Array(size + 1).fill(size);
  }

  /** What was added first of those that are in; -1 of none. */
  get oldest(): number {
    const first = this.next[this.end];
    return first === this.end ? -1 : first;
  }

  /** Puts a number that is not in behind all others. */
  add(number: number): void {
    this.link(this.previous[this.end], number);
    this.link(number, this.end);
  }

  /** Takes out a number that is in. */
  remove(number: number): void {
    this.link(this.previous[number], this.next[number]);
  }

  private link(first: number, second: number): void {
    this.next[first] = second;
    this.previous[second] = first;
  }
}
