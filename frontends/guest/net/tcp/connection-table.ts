import type {Endpoints, TcpConnection} from './connection.ts';

/** Connections by their endpoints. */
export class ConnectionTable {
  /** By both ports; connections that differ in addresses only share an entry. */
  private readonly byPorts = new Map<number, TcpConnection[]>();
  private count = 0;

  get size(): number {
    return this.count;
  }

  *[Symbol.iterator](): Iterator<TcpConnection> {
    for (const connections of this.byPorts.values()) yield* connections;
  }

  find(endpoints: Endpoints): TcpConnection | undefined {
    return this.byPorts.get(keyOf(endpoints))?.find((each) => isSame(each.endpoints, endpoints));
  }

  has(connection: TcpConnection): boolean {
    return this.byPorts.get(keyOf(connection.endpoints))?.includes(connection) ?? false;
  }

  add(connection: TcpConnection): void {
    const key = keyOf(connection.endpoints);
    this.byPorts.set(key, [...(this.byPorts.get(key) ?? []), connection]);
    this.count++;
  }

  remove(connection: TcpConnection): void {
    if (!this.has(connection)) return;
    const key = keyOf(connection.endpoints);
    const left = this.byPorts.get(key)?.filter((each) => each !== connection) ?? [];
    if (left.length > 0) this.byPorts.set(key, left);
    else this.byPorts.delete(key);
    this.count--;
  }
}

const keyOf = ({localPort, remotePort}: Endpoints): number => ((localPort << 16) | remotePort) >>> 0;

const isSame = (a: Endpoints, b: Endpoints): boolean =>
  a.remoteAddress === b.remoteAddress && a.localAddress === b.localAddress;
