import {EBUSY, EINVAL, ENOENT} from '../errno.ts';
import type {IoRange, IoreqHandler, IoreqServer as Server} from './ioreq-server.ts';
import {IoreqServer} from './ioreq-server.ts';

/** @see Xen's MAX_NR_IOREQ_SERVERS */
const MAX_SERVERS = 8;

/** Who answers an access. */
export interface Answerer {
  readonly server: Server;
  readonly range: IoRange;
}

/** The IOREQ servers of one domain, side by side. Where two claim the same range, the one that came later gets it. */
export class IoreqServers {
  private readonly servers: (Server | undefined)[] = [];
  private readonly vcpus: number;

  constructor(vcpus: number) {
    this.vcpus = vcpus;
  }

  /** Returns the id; it gets nothing until it is enabled. -EBUSY when there are 8. */
  create(handler: IoreqHandler): number {
    for (let id = 0; id < MAX_SERVERS; id++) {
      if (this.servers[id] !== undefined) continue;
      this.servers[id] = new IoreqServer(id, this.vcpus, handler);
      return id;
    }
    return -EBUSY;
  }

  destroy(id: number): number {
    if (this.servers[id] === undefined) return -ENOENT;
    this.servers[id] = undefined;
    return 0;
  }

  setEnabled(id: number, enabled: boolean): number {
    const server = this.servers[id];
    if (server === undefined) return -ENOENT;
    server.enabled = enabled;
    return 0;
  }

  map(id: number, range: IoRange): number {
    return this.servers[id]?.map(range) ?? -ENOENT;
  }

  unmap(id: number, type: number, start: number, end: number): number {
    if (this.servers[id] === undefined) return -ENOENT;
    return this.servers[id].unmap(type, start, end) === 0 ? 0 : -EINVAL;
  }

  find(type: number, first: number, last: number): Answerer | undefined {
    for (let id = this.servers.length - 1; id >= 0; id--) {
      const server = this.servers[id];
      if (server?.enabled !== true) continue;
      const range = server.find(type, first, last);
      if (range !== undefined) return {server, range};
    }
    return undefined;
  }
}
