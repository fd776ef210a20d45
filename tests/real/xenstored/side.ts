import {XS, type XsMessage, type XsTransport} from '../../../hypervisor/xenstore/index.ts';
import type {Asked} from '../../support/xenstore-requests.ts';

/** What a client of one daemon saw: events as `path\0token\0`, in order, then the reply. */
export interface Seen {
  readonly events: readonly string[];
  readonly type: number;
  readonly payload: string;
}

/** How one daemon is reached. Connections are called `s0`, `s1` ... (sockets) and `g1`, `g2` ... (the rings of domains 1, 2). */
export interface Daemon {
  openSocket(): Promise<XsTransport>;
  /** Makes a domain: Xen has it now. Its ring works once it is introduced. */
  createDomain(domId: number): XsTransport;
  /** It is gone, or has shut down; the daemon is told that some domain is. */
  endDomain(domId: number, how: 'gone' | 'shutdown'): void;
  /** It runs again. */
  resumeDomain(domId: number): void;
  stop(): Promise<void>;
}

/** One daemon with its clients; a request at a time. */
export class Side {
  private readonly daemon: Daemon;
  private readonly clients = new Map<string, Client>();

  constructor(daemon: Daemon) {
    this.daemon = daemon;
  }

  async open(name: string): Promise<void> {
    const transport = name.startsWith('s')
      ? await this.daemon.openSocket()
      : this.daemon.createDomain(Number(name.slice(1)));
    this.clients.set(name, new Client(transport));
  }

  close(name: string): void {
    this.clients.get(name)?.close();
    this.clients.delete(name);
  }

  endDomain(domId: number, how: 'gone' | 'shutdown'): void {
    this.daemon.endDomain(domId, how);
    if (how === 'gone') this.close(`g${domId}`);
  }

  resumeDomain(domId: number): void {
    this.daemon.resumeDomain(domId);
  }

  ask(name: string, request: Asked): Promise<Seen> {
    return this.clients.get(name)!.ask(request);
  }

  /** Lets all connections take what they have been sent. */
  async settle(names: readonly string[]): Promise<Seen[]> {
    return Promise.all(names.map((name) => this.ask(name, {type: XS.GET_DOMAIN_PATH, txId: 0, payload: '0\0'})));
  }

  async stop(): Promise<void> {
    for (const name of this.clients.keys()) this.close(name);
    await this.daemon.stop();
  }
}

const PATIENCE_MS = 60_000;

class Client {
  private readonly transport: XsTransport;
  private events: string[] = [];
  private waiting: ((message: XsMessage) => void) | undefined;
  private lastReqId = 0;

  constructor(transport: XsTransport) {
    this.transport = transport;
    transport.receive({
      onMessage: (message) => {
        if (message.type === XS.WATCH_EVENT) this.events.push(message.payload);
        else this.waiting?.(message);
      },
      onClose: () => this.waiting?.({type: -1, reqId: this.lastReqId, txId: 0, payload: 'connection lost'}),
    });
  }

  ask({type, txId, payload}: Asked): Promise<Seen> {
    const reqId = ++this.lastReqId;
    return new Promise((resolve) => {
      const answer = (replyType: number, text: string): void => {
        clearTimeout(timer);
        this.waiting = undefined;
        const {events} = this;
        this.events = [];
        resolve({events, type: replyType, payload: text});
      };
      const timer = setTimeout(() => answer(-1, 'no reply'), PATIENCE_MS);
      this.waiting = (reply) => {
        const echoed = reply.type < 0 || (reply.reqId === reqId && reply.txId === txId);
        answer(reply.type, echoed ? reply.payload : 'req_id or tx_id not echoed');
      };
      this.transport.send({type, reqId, txId, payload});
    });
  }

  close(): void {
    this.transport.close();
  }
}
