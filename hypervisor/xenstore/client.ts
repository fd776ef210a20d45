import {Observable, type Subscriber} from 'rxjs';
import {decodeText, encodeText, stringToBytes, bytesToString, type ByteString} from './byte-string.ts';
import {DirectoryParts} from './directory-parts.ts';
import type {XsReceiver, XsTransport} from './transport.ts';
import {XENSTORE_PAYLOAD_MAX, XS, type XsErrno, type XsMessage, type XsType} from './wire.ts';
import {XsError} from './xs-error.ts';

/** Id of an open transaction of one connection; 0 is none. */
export type TxId = number;

const NO_TX: TxId = 0;
/** Attempts of a transaction before its EAGAIN is the caller's. */
export const MAX_TRANSACTION_ATTEMPTS = 1000;
/** Attempts at a consistent listing of a directory that keeps changing. */
const MAX_LISTING_ATTEMPTS = 1000;

interface Pending {
  readonly path: string;
  resolve(payload: ByteString): void;
  reject(error: XsError): void;
}

/**
 * A xenstore client over any transport. Paths may be relative (to /local/domain/<own id>). Requests may be pipelined.
 *
 * `undefined` stands for ENOENT where something is read; every other refusal rejects with {@link XsError}. When the
 * transport closes, what is pending and all that follows rejects with EIO, and watches complete.
 */
export class XsClient implements XsReceiver {
  private readonly transport: XsTransport;
  private readonly pending = new Map<number, Pending>();
  private readonly watches = new Map<string, Subscriber<string>>();
  private lastReqId = 0;
  private lastToken = 0;
  private closed = false;

  constructor(transport: XsTransport) {
    this.transport = transport;
    transport.receive(this);
  }

  /** The value as UTF-8 text. */
  async read(path: string, tx: TxId = NO_TX): Promise<string | undefined> {
    const value = await this.optional(XS.READ, path, tx);
    return value === undefined ? undefined : decodeText(value);
  }

  async readBytes(path: string, tx: TxId = NO_TX): Promise<Uint8Array | undefined> {
    const value = await this.optional(XS.READ, path, tx);
    return value === undefined ? undefined : stringToBytes(value);
  }

  /** Sets the value; the node and its missing parents are created. */
  async write(path: string, value: string | Uint8Array, tx: TxId = NO_TX): Promise<void> {
    const bytes = typeof value === 'string' ? encodeText(value) : bytesToString(value);
    await this.request(XS.WRITE, path, `${encodeText(path)}\0${bytes}`, tx);
  }

  /** Creates the node and its missing parents; a node that exists keeps its value. */
  async mkdir(path: string, tx: TxId = NO_TX): Promise<void> {
    await this.request(XS.MKDIR, path, `${encodeText(path)}\0`, tx);
  }

  /** Removes a node and all below it. A missing node is no error when its parent exists. */
  async rm(path: string, tx: TxId = NO_TX): Promise<void> {
    await this.request(XS.RM, path, `${encodeText(path)}\0`, tx);
  }

  /** Names of the children, in order of creation. */
  async directory(path: string, tx: TxId = NO_TX): Promise<string[] | undefined> {
    try {
      const names = await this.optional(XS.DIRECTORY, path, tx);
      return names === undefined ? undefined : names.split('\0').slice(0, -1);
    } catch (error) {
      if (!(error instanceof XsError) || error.errno !== 'E2BIG') throw error;
      return this.directoryInParts(path, tx);
    }
  }

  /** Permissions as on the wire: `n0`, `r5`: the owner (whose letter is everyone else's default), then the others. */
  async getPerms(path: string, tx: TxId = NO_TX): Promise<string[] | undefined> {
    const perms = await this.optional(XS.GET_PERMS, path, tx);
    return perms === undefined ? undefined : perms.split('\0').slice(0, -1);
  }

  async setPerms(path: string, perms: readonly string[], tx: TxId = NO_TX): Promise<void> {
    const list = perms.map((perm) => `${perm}\0`).join('');
    await this.request(XS.SET_PERMS, path, `${encodeText(path)}\0${list}`, tx);
  }

  /**
   * Runs `body` in a transaction and commits. Runs it anew when the commit conflicts (EAGAIN). Aborts when `body`
   * rejects, and rejects with the same.
   */
  async transaction<T>(body: (tx: TxId) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const tx = await this.transactionStart();
      let result: T;
      try {
        result = await body(tx);
      } catch (error) {
        await this.transactionEnd(tx, false).catch(() => undefined);
        throw error;
      }
      try {
        await this.transactionEnd(tx, true);
        return result;
      } catch (error) {
        const again = error instanceof XsError && error.errno === 'EAGAIN' && attempt < MAX_TRANSACTION_ATTEMPTS;
        if (!again) throw error;
      }
    }
  }

  async transactionStart(): Promise<TxId> {
    return Number.parseInt(await this.request(XS.TRANSACTION_START, 'transaction', '\0', NO_TX), 10);
  }

  /** Rejects with EAGAIN when the transaction conflicts; it is over in any case. */
  async transactionEnd(tx: TxId, commit: boolean): Promise<void> {
    await this.request(XS.TRANSACTION_END, 'transaction', commit ? 'T\0' : 'F\0', tx);
  }

  /**
   * Paths that changed at or below `path` (or `@introduceDomain`, `@releaseDomain`), in the spelling of `path`: relative
   * stays relative. The store sends the first one at once. Cold: one watch a subscription, removed when it unsubscribes.
   * Completes when the transport closes.
   */
  watch(path: string): Observable<string> {
    return new Observable((subscriber) => {
      const token = `w${++this.lastToken}`;
      const payload = `${encodeText(path)}\0${token}\0`;
      this.watches.set(token, subscriber);
      this.request(XS.WATCH, path, payload, NO_TX).catch((error: XsError) => {
        if (this.watches.delete(token)) subscriber.error(error);
      });
      return () => {
        if (!this.watches.delete(token) || this.closed) return;
        this.request(XS.UNWATCH, path, payload, NO_TX).catch(() => undefined);
      };
    });
  }

  /** Drops the connection's watches and transactions. Observables of {@link watch} go quiet. */
  async resetWatches(): Promise<void> {
    await this.request(XS.RESET_WATCHES, 'reset', '\0', NO_TX);
  }

  /** Tells the store of a domain's ring: its frame and event channel port. */
  async introduce(domId: number, gfn: number, port: number): Promise<void> {
    await this.request(XS.INTRODUCE, `domain ${domId}`, `${domId}\0${gfn}\0${port}\0`, NO_TX);
  }

  /** Tells the store that a domain which had shut down runs again. */
  async resume(domId: number): Promise<void> {
    await this.request(XS.RESUME, `domain ${domId}`, `${domId}\0`, NO_TX);
  }

  async release(domId: number): Promise<void> {
    await this.request(XS.RELEASE, `domain ${domId}`, `${domId}\0`, NO_TX);
  }

  /** `/local/domain/<domId>`. */
  async getDomainPath(domId: number): Promise<string> {
    const path = await this.request(XS.GET_DOMAIN_PATH, `domain ${domId}`, `${domId}\0`, NO_TX);
    return path.slice(0, -1);
  }

  async isDomainIntroduced(domId: number): Promise<boolean> {
    return (await this.request(XS.IS_DOMAIN_INTRODUCED, `domain ${domId}`, `${domId}\0`, NO_TX)) === 'T\0';
  }

  /** `domId` gets the rights that `targetId` has: a stub domain and its guest. */
  async setTarget(domId: number, targetId: number): Promise<void> {
    await this.request(XS.SET_TARGET, `domain ${domId}`, `${domId}\0${targetId}\0`, NO_TX);
  }

  /** Any request in wire form. `about` names it in errors. */
  request(type: XsType, about: string, payload: ByteString, txId: TxId): Promise<ByteString> {
    return new Promise((resolve, reject) => {
      // A longer payload would cost the connection.
      if (payload.length > XENSTORE_PAYLOAD_MAX) return reject(new XsError('E2BIG', about));
      if (this.closed) return reject(new XsError('EIO', about));
      const reqId = this.nextReqId();
      this.pending.set(reqId, {path: about, resolve, reject});
      this.transport.send({type, reqId, txId, payload});
    });
  }

  close(): void {
    this.transport.close();
    this.onClose();
  }

  onMessage(message: XsMessage): void {
    if (message.type === XS.WATCH_EVENT) return this.onWatchEvent(message.payload);
    const pending = this.pending.get(message.reqId);
    if (pending === undefined) return;
    this.pending.delete(message.reqId);
    if (message.type === XS.ERROR) pending.reject(new XsError(message.payload.slice(0, -1) as XsErrno, pending.path));
    else pending.resolve(message.payload);
  }

  onClose(): void {
    if (this.closed) return;
    this.closed = true;
    const lost = [...this.pending.values()];
    const watches = [...this.watches.values()];
    this.pending.clear();
    this.watches.clear();
    for (const request of lost) request.reject(new XsError('EIO', request.path));
    for (const subscriber of watches) subscriber.complete();
  }

  private onWatchEvent(payload: ByteString): void {
    const [path, token] = payload.split('\0');
    this.watches.get(token)?.next(decodeText(path));
  }

  private nextReqId(): number {
    do this.lastReqId = (this.lastReqId + 1) >>> 0;
    while (this.pending.has(this.lastReqId));
    return this.lastReqId;
  }

  /** A one-path request whose ENOENT is an answer. */
  private async optional(type: XsType, path: string, tx: TxId): Promise<ByteString | undefined> {
    try {
      return await this.request(type, path, `${encodeText(path)}\0`, tx);
    } catch (error) {
      if (error instanceof XsError && error.errno === 'ENOENT') return undefined;
      throw error;
    }
  }

  private async directoryInParts(path: string, tx: TxId): Promise<string[]> {
    const parts = new DirectoryParts();
    for (let attempt = 0; attempt < MAX_LISTING_ATTEMPTS;) {
      const payload = `${encodeText(path)}\0${parts.offset}\0`;
      const outcome = parts.add(await this.request(XS.DIRECTORY_PART, path, payload, tx));
      if (outcome === 'complete') return parts.names;
      if (outcome === 'changed') attempt++;
    }
    throw new XsError('EAGAIN', path);
  }
}
