/** What a command's waiting rejects with when ^C is typed. */
export class Interrupted extends Error {
  constructor() {
    super('interrupted');
    this.name = 'Interrupted';
  }
}

/** ^C for one command. */
export class Interrupt {
  private raisedAlready = false;
  private readonly waiters = new Set<() => void>();

  get raised(): boolean {
    return this.raisedAlready;
  }

  raise(): void {
    this.raisedAlready = true;
    for (const cancel of this.waiters) cancel();
    this.waiters.clear();
  }

  /** Throws Interrupted once raised. */
  check(): void {
    if (this.raisedAlready) throw new Interrupted();
  }

  /** The promise's outcome, or Interrupted if that comes first. */
  wait<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const cancel = (): void => reject(new Interrupted());
      const settle = (): void => void this.waiters.delete(cancel);
      if (this.raisedAlready) cancel();
      else this.waiters.add(cancel);
      promise.then(resolve, reject).finally(settle);
    });
  }
}
