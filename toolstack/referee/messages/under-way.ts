/** Ids of requests without an answer, each as often as it was used. */
export class UnderWay {
  private readonly counts = new Map<number, number>();
  /** Requests that nobody has seen are under way, too: an id that is not known may be one of theirs. */
  private unseen = false;

  add(id: number): void {
    this.counts.set(id, (this.counts.get(id) ?? 0) + 1);
  }

  has(id: number): boolean {
    return this.counts.has(id);
  }

  /** False when no request with that id can be under way. */
  take(id: number): boolean {
    const count = this.counts.get(id);
    if (count === undefined) return this.unseen;
    if (count === 1) this.counts.delete(id);
    else this.counts.set(id, count - 1);
    return true;
  }

  lose(): void {
    this.counts.clear();
    this.unseen = true;
  }
}
