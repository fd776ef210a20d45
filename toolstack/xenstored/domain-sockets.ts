import {join} from 'node:path';
import type {Xenstored} from '../../hypervisor/xenstore/index.ts';
import {listenForDomain, type XenstoreSocket} from '../../hypervisor/xenstore/socket.ts';

/** `DIRECTORY/domN.sock` for each introduced domain N, as long as it is introduced. */
export class DomainSockets {
  private readonly store: Xenstored;
  private readonly directory: string;
  private readonly sockets = new Map<number, Promise<XenstoreSocket>>();

  constructor(store: Xenstored, directory: string) {
    this.store = store;
    this.directory = directory;
  }

  /** Domains may have come or gone. The sockets of new ones are there when the call returns. */
  update(): void {
    const introduced = new Set(this.store.introduced());
    for (const domId of this.sockets.keys()) if (!introduced.has(domId)) void this.close(domId);
    for (const domId of introduced) if (!this.sockets.has(domId)) this.open(domId);
  }

  async closeAll(): Promise<void> {
    await Promise.all(Array.from(this.sockets.keys(), (domId) => this.close(domId)));
  }

  private open(domId: number): void {
    const path = join(this.directory, `dom${domId}.sock`);
    this.sockets.set(domId, listenForDomain(this.store, path, this.store.connectionOf(domId)!));
  }

  private async close(domId: number): Promise<void> {
    const socket = this.sockets.get(domId);
    this.sockets.delete(domId);
    await (await socket)?.close();
  }
}
