/** A device's registers at one I/O port. `bytes` is 1, 2 or 4. */
export interface PortHandler {
  read?(bytes: number): number;
  write?(value: number, bytes: number): void;
}

export const ALL_ONES: Readonly<Record<number, number>> = {1: 0xff, 2: 0xffff, 4: -1};

/** I/O ports and who answers them. Elsewhere reads give all ones and writes go nowhere, as on a bus without a device. */
export class PortMap {
  private readonly handlers = new Map<number, PortHandler>();
  /** Accesses that nobody answered. */
  unclaimed = 0;

  has(port: number): boolean {
    return this.handlers.has(port);
  }

  claim(port: number, handler: PortHandler): void {
    this.handlers.set(port, handler);
  }

  read(port: number, bytes: number): number {
    const value = this.handlers.get(port)?.read?.(bytes);
    if (value === undefined) this.unclaimed++;
    return value ?? ALL_ONES[bytes];
  }

  write(port: number, value: number, bytes: number): void {
    const handler = this.handlers.get(port);
    if (handler?.write === undefined) this.unclaimed++;
    else handler.write(value, bytes);
  }
}
