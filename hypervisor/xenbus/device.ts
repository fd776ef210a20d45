import {BehaviorSubject, type Observable, type Subscription} from 'rxjs';
import {XenbusStateClosed, XenbusStateClosing, XenbusStateInitialising, XenbusStateUnknown} from '../abi/io/xenbus.ts';
import {XEN_ENODEV} from '../abi/errno.ts';
import type {HypervisorOps} from '../ops.ts';
import type {XsClient} from '../xenstore/index.ts';
import {DeviceError} from './device-error.ts';
import {isLegalMove, parseState, stateName, type XenbusRole, type XenbusState} from './state.ts';

export interface XenbusDeviceOptions {
  ops: HypervisorOps;
  xs: XsClient;
  role: XenbusRole;
  /** "vbd", "vif", ... */
  type: string;
  /** Device number, as in the path. */
  devid: string;
  /** Own directory, relative to the domain's: "device/vbd/51712", "backend/vbd/1/51712". */
  path: string;
  /** The peer's directory, absolute. */
  otherPath: string;
  otherDomid: number;
}

/**
 * One end of a split device as xenstore sees it: its directory, its state, and the peer's. Drivers of both ends sit on
 * this. Work is done one step after another: a peer that writes faster than we act is seen in its latest state.
 */
export class XenbusDevice {
  readonly ops: HypervisorOps;
  readonly xs: XsClient;
  readonly role: XenbusRole;
  readonly type: string;
  readonly devid: string;
  readonly path: string;
  private peerPath: string;
  private peerDomid: number;
  private readonly own: BehaviorSubject<XenbusState>;
  /** What our `state` node holds, if nobody but us has written it. */
  private stored: XenbusState;
  private readonly other = new BehaviorSubject<XenbusState>(XenbusStateUnknown);
  private steps: Promise<void> = Promise.resolve();
  private watch: Subscription | undefined;
  private onOther: ((state: XenbusState) => void | Promise<void>) | undefined;
  private lastError: string | undefined;
  private removed = false;

  constructor(options: XenbusDeviceOptions, state: XenbusState) {
    this.ops = options.ops;
    this.xs = options.xs;
    this.role = options.role;
    this.type = options.type;
    this.devid = options.devid;
    this.path = options.path;
    this.peerPath = options.otherPath;
    this.peerDomid = options.otherDomid;
    this.own = new BehaviorSubject(state);
    this.stored = state;
  }

  /** The peer's directory, absolute. */
  get otherPath(): string {
    return this.peerPath;
  }

  get otherDomid(): number {
    return this.peerDomid;
  }

  /** The state we last wrote. */
  get state(): XenbusState {
    return this.own.value;
  }

  get states(): Observable<XenbusState> {
    return this.own.asObservable();
  }

  /** The peer's state as last read; Unknown when its directory is gone. */
  get otherState(): XenbusState {
    return this.other.value;
  }

  get otherStates(): Observable<XenbusState> {
    return this.other.asObservable();
  }

  /** What stands in the `error` node. */
  get error(): string | undefined {
    return this.lastError;
  }

  read(key: string): Promise<string | undefined> {
    return this.xs.read(`${this.path}/${key}`);
  }

  readOther(key: string): Promise<string | undefined> {
    return this.xs.read(`${this.otherPath}/${key}`);
  }

  /** A node of the peer that has to be an unsigned number up to `max`; DeviceError otherwise: the peer wrote it. */
  async readOtherNumber(key: string, max: number, fallback?: number): Promise<number> {
    const text = await this.readOther(key);
    if (text === undefined && fallback !== undefined) return fallback;
    const value = text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value <= max)) throw new DeviceError(22, `reading ${this.otherPath}/${key}: "${text ?? 'nothing'}"`);
    return value;
  }

  /** Writes several nodes of our directory in one transaction, in which obsolete ones go. */
  publish(nodes: Readonly<Record<string, string | number>>, obsolete: readonly string[] = []): Promise<void> {
    return this.write(nodes, obsolete);
  }

  /** Goes to a state: a transaction of its own. A move that the table does not have is our bug. */
  async switchState(next: XenbusState): Promise<void> {
    if (next === this.state || this.removed) return;
    if (!isLegalMove(this.role, this.state, next)) {
      throw new Error(`${this.path}: ${this.role} ${stateName(this.state)} -> ${stateName(next)} is not in the table`);
    }
    this.own.next(next);
    if (this.ops.trace.on) this.ops.trace.emit('xenbus_state', this.ops.domid, this.path, stateName(next));
    await this.write({state: next});
  }

  /** The toolstack has written our state in our place: it does so to have us look at what it has changed. */
  adoptState(state: XenbusState): void {
    this.stored = state;
    this.own.next(state);
  }

  /**
   * Writes nodes that have changed, and our state again, in one transaction: the peer, which is told of that, looks at
   * both. @see Linux's xen_vbd_resize
   */
  republish(nodes: Readonly<Record<string, string | number>>): Promise<void> {
    return this.write({...nodes, state: this.state});
  }

  /** Notes a reason where xl and people look for it. @see Linux's error/<device path>/error convention */
  async reportError(error: DeviceError): Promise<void> {
    this.lastError = `${error.errno} ${error.message}`;
    if (this.ops.trace.on) this.ops.trace.emit('device_error', this.ops.domid, this.path, this.lastError);
    // A guest may have been denied its error directory: the reason then stays with us.
    await this.xs.write(`error/${this.path}/error`, this.lastError).catch(() => undefined);
  }

  /** Gives the device up: the reason in `error`, then Closing. */
  async fail(error: DeviceError): Promise<void> {
    await this.reportError(error);
    if (this.state !== XenbusStateClosed) await this.switchState(XenbusStateClosing);
  }

  /** Calls `onChange` with the peer's state now and whenever it may have changed, never twice at a time. */
  followOther(onChange: (state: XenbusState) => void | Promise<void>): void {
    this.onOther = onChange;
    this.watch?.unsubscribe();
    this.watch = this.xs
      .watch(`${this.otherPath}/state`)
      .subscribe({next: () => this.enqueue(() => this.look(onChange)), error: () => undefined});
  }

  /**
   * Of a frontend that was resumed, to be called in a step: where the toolstack has made its directory anew, that is its
   * own, and the backend may be another one, maybe in another domain.
   */
  async takeDirectory(): Promise<void> {
    const state = await this.read('state');
    if (state !== undefined && this.isReset(state) && !this.removed) {
      this.stored = XenbusStateInitialising;
      this.own.next(XenbusStateInitialising);
    }
    await this.findBackend();
  }

  /** The directory is gone: a step that has waited must not take anything more, as nobody would give it back. */
  get isGone(): boolean {
    return this.removed;
  }

  /**
   * Whether a `state` node that holds this is another device's: nobody but the toolstack goes back to Initialising, when it
   * pulls a device and plugs one in its place. Known for sure in a step: no write of ours is under way then.
   * @see Linux's xenbus_dev_changed()
   */
  isReset(state: string): boolean {
    return parseState(state) === XenbusStateInitialising && this.stored !== XenbusStateInitialising;
  }

  /** Runs a step after those under way. What it throws as DeviceError closes the device; all else is our bug. */
  enqueue(step: () => void | Promise<void>): void {
    this.steps = this.steps.then(async () => {
      if (this.removed) return;
      try {
        await step();
      } catch (error) {
        await this.onStepFailed(error);
      }
    });
  }

  /** Resolves when the steps queued so far are done. */
  settled(): Promise<void> {
    return this.steps;
  }

  /** The directory is gone: no more writes, no more steps. */
  detach(): void {
    this.removed = true;
    this.watch?.unsubscribe();
    this.own.complete();
    this.other.complete();
  }

  toString(): string {
    return `${this.path} ${stateName(this.state)}, peer ${stateName(this.otherState)}`;
  }

  /**
   * One transaction. Nothing is written in a directory that the toolstack has removed, or that is another device's by now,
   * nor by a driver that was let go of meanwhile.
   */
  private async write(
    nodes: Readonly<Record<string, string | number>>,
    obsolete: readonly string[] = [],
  ): Promise<void> {
    const {xs, path} = this;
    const isOurs = await xs.transaction(async (tx) => {
      const state = await xs.read(`${path}/state`, tx);
      if (state === undefined || this.isReset(state)) return false;
      for (const key of obsolete) await xs.rm(`${path}/${key}`, tx);
      for (const [key, value] of Object.entries(nodes)) await xs.write(`${path}/${key}`, String(value), tx);
      if (this.removed) throw new DeviceError(XEN_ENODEV, `${path} was let go of`);
      return true;
    });
    if (isOurs && nodes.state !== undefined) this.stored = Number(nodes.state);
  }

  private async findBackend(): Promise<void> {
    const path = await this.read('backend');
    const domid = await this.read('backend-id');
    if (path === undefined || domid === undefined || !/^\d{1,5}$/.test(domid)) return;
    const isSame = path === this.peerPath && Number(domid) === this.peerDomid;
    if (isSame || this.removed) return;
    this.peerPath = path;
    this.peerDomid = Number(domid);
    if (this.onOther !== undefined) this.followOther(this.onOther);
  }

  private async look(onChange: (state: XenbusState) => void | Promise<void>): Promise<void> {
    // Of a directory that is gone a guest hears EACCES, as it may not read the parent.
    const state = parseState(await this.readOther('state').catch(() => undefined));
    if (this.removed) return;
    this.other.next(state);
    await onChange(state);
  }

  private async onStepFailed(error: unknown): Promise<void> {
    if (this.removed) return;
    const known = error instanceof DeviceError;
    const reason = known ? error : new DeviceError(5, error instanceof Error ? error.message : String(error));
    await this.fail(reason).catch(() => undefined);
  }
}
