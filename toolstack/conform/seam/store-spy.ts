import {XS, type XsMessage} from '../../../hypervisor/xenstore/index.ts';
import type {Layer} from './layer.ts';

/** What the implementation has done to the store, or has asked of it. */
export interface StoreAction {
  readonly kind: 'read' | 'write' | 'watch' | 'unwatch' | 'mark';
  /** Absolute. Of a mark: what the peer did at that moment. */
  readonly path: string;
  /** Of a write. */
  readonly value: string;
  /** Transaction, 0 outside of one. */
  readonly txId: number;
}

const kinds: Readonly<Record<number, StoreAction['kind'] | undefined>> = {
  [XS.READ]: 'read',
  [XS.WATCH]: 'watch',
  [XS.UNWATCH]: 'unwatch',
};

/** The layer next to the store: tells of reads as they are sent, and of writes as they take effect. */
export class StoreSpy implements Layer {
  readonly actions: StoreAction[] = [];
  /** Called after each write that took effect. */
  onWrite: ((action: StoreAction) => void) | undefined;
  private readonly home: () => string;
  /** Writes of transactions that are open, by their ids. */
  private readonly open = new Map<number, StoreAction[]>();
  /** Transactions that are being committed, by the ids of the requests. */
  private readonly ending = new Map<number, number>();

  /** `home`: the domain's own directory, to which relative paths belong. */
  constructor(home: () => string) {
    this.home = home;
  }

  get writes(): StoreAction[] {
    return this.actions.filter(({kind}) => kind === 'write');
  }

  /** Values that a node was given, in order. */
  valuesOf(path: string): string[] {
    return this.writes.filter((action) => action.path === path).map(({value}) => value);
  }

  /** Watches that are set. */
  get watches(): number {
    const count = (wanted: StoreAction['kind']): number => this.actions.filter(({kind}) => kind === wanted).length;
    return count('watch') - count('unwatch');
  }

  /** Something that the peer does, to tell what came before and after it. */
  mark(path: string): void {
    this.actions.push({kind: 'mark', path, value: '', txId: 0});
  }

  /** Where in `actions` the first one stands that holds; -1 when there is none. */
  indexOf(holds: (action: StoreAction) => boolean): number {
    return this.actions.findIndex(holds);
  }

  readonly send = (request: XsMessage, pass: (request: XsMessage) => void): void => {
    const {type, txId, reqId, payload} = request;
    const [path, value = ''] = payload.split('\0');
    if (type === XS.WRITE) this.noteWrite({kind: 'write', path: this.absolute(path), value, txId});
    else if (type === XS.TRANSACTION_END && path === 'T') this.ending.set(reqId, txId);
    else if (kinds[type] !== undefined)
      this.actions.push({kind: kinds[type], path: this.absolute(path), value: '', txId});
    pass(request);
  };

  readonly receive = (message: XsMessage, pass: (message: XsMessage) => void): void => {
    const txId = this.ending.get(message.reqId);
    if (txId !== undefined && message.type !== XS.WATCH_EVENT) {
      this.ending.delete(message.reqId);
      const writes = this.open.get(txId) ?? [];
      this.open.delete(txId);
      if (message.type !== XS.ERROR) for (const write of writes) this.takesEffect(write);
    }
    pass(message);
  };

  private noteWrite(write: StoreAction): void {
    if (write.txId === 0) this.takesEffect(write);
    else this.open.set(write.txId, [...(this.open.get(write.txId) ?? []), write]);
  }

  private takesEffect(write: StoreAction): void {
    this.actions.push(write);
    this.onWrite?.(write);
  }

  private absolute(path: string): string {
    return path.startsWith('/') ? path : `${this.home()}/${path}`;
  }
}
