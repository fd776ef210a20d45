/** A frame, as a switch looks at it. */
export interface Addressed {
  readonly number: number;
  /** Addresses as text. */
  readonly to: string;
  readonly from: string;
  readonly isToAll: boolean;
}

/** A learning switch: who gets which frame, in which order. Ports have names of their own. */
export class SwitchModel {
  /** What each port is to get. */
  private readonly due = new Map<string, number[]>();
  private readonly portOf = new Map<string, string>();

  plug(port: string): void {
    this.due.set(port, []);
  }

  unplug(port: string): void {
    this.due.delete(port);
    for (const [mac, at] of this.portOf) if (at === port) this.portOf.delete(mac);
  }

  enter(port: string, {number, to, from, isToAll}: Addressed): void {
    this.portOf.set(from, port);
    const known = isToAll ? undefined : this.portOf.get(to);
    for (const [each, due] of this.due) if (each !== port && (known ?? each) === each) due.push(number);
  }

  /** Returns what is wrong, if anything is. */
  leave(port: string, number: number): string | undefined {
    const due = this.due.get(port)?.shift();
    return due === number ? undefined : `the bridge sends frame ${number} to ${port}, where ${due ?? 'none'} is due`;
  }

  /** A port that has not got all. */
  get fault(): string | undefined {
    for (const [port, [number]] of this.due)
      if (number !== undefined) return `the bridge does not send frame ${number} to ${port}`;
    return undefined;
  }
}
