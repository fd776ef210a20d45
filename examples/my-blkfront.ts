import type {BlockDevice, DriverHost, DriverModule, XenbusDevice} from 'pvsim';
import {NEVER} from 'rxjs';

// A small but whole blkfront: one ring, a page a request. docs/testing-your-driver.md tells how it is tested.
export const role = 'frontend';
export const type = 'vbd';
const makeDriver: DriverModule['default'] = (host) => ({type, probe: (device) => new Blkfront(device, host)});
export default makeDriver;

const [INITIALISING, INIT_WAIT, INITIALISED, CONNECTED, CLOSING, CLOSED] = [1, 2, 3, 4, 5, 6];
const [READ, WRITE] = [0, 1];
/** States of a backend that waits for our ring; it may have gone through InitWait unseen. */
const READY: ReadonlySet<number> = new Set([INIT_WAIT, INITIALISED, CONNECTED]);
const VDISK_READONLY = 4;
const [SECTOR_BYTES, PAGE_BYTES, PAGE_WORDS] = [512, 4096, 1024];
/** Words of the ring page: four indexes, then 32 slots of 112 bytes. @see ring.h, blkif.h */
const [REQ_PROD, REQ_EVENT, RSP_PROD, RSP_EVENT] = [0, 1, 2, 3];
const [FIRST_SLOT, SLOTS, SLOT_WORDS] = [16, 32, 28];

type Gfn = NonNullable<ReturnType<XenbusDevice['ops']['pages']['alloc']>>;

interface Request {
  readonly operation: number;
  readonly sector: number;
  /** Goes to the disk, or comes from it; a page at most. */
  readonly bytes: Uint8Array;
  readonly end: (error?: Error) => void;
  /** What the backend was granted while the request is on the ring. */
  grant?: {ref: number; gfn: Gfn};
}

class Blkfront {
  private readonly device: XenbusDevice;
  private readonly host: DriverHost;
  private ring: {ref: number; gfn: Gfn; port: number} | undefined;
  private reqProd = 0;
  private rspCons = 0;
  private isOpen = false;
  private waiting: Request[] = [];
  /** Requests on the ring, by id. */
  private readonly shadow = new Map<number, Request>();

  constructor(device: XenbusDevice, host: DriverHost) {
    this.device = device;
    this.host = host;
  }

  /** The backend's state now. */
  async otherEndChanged(state: number): Promise<void> {
    const {device} = this;
    if (state === INIT_WAIT && device.state === CLOSED) await device.switchState(INITIALISING);
    if (READY.has(state) && device.state === INITIALISING) await this.publish();
    else if (state === CONNECTED && device.state === INITIALISED) await this.connect();
    if ((state !== CLOSING && state !== CLOSED) || device.state === INITIALISING) return;
    this.stop();
    await device.switchState(CLOSED);
    if (state === CLOSED) this.release();
  }

  /** The device is gone. */
  remove(): void {
    this.stop();
    this.release();
  }

  /** A ring that the backend may map and a port that it may bind: Initialised tells it that both are there. */
  private async publish(): Promise<void> {
    const {device, host} = this;
    const {ops, otherDomid} = device;
    this.release();
    const gfn = ops.pages.alloc()!;
    const ref = ops.grantor.grantAccess(otherDomid, gfn, false);
    const port = ops.evtchnAllocUnbound(otherDomid);
    this.ring = {ref, gfn, port};
    this.reqProd = this.rspCons = host.ringStart;
    for (const word of [REQ_PROD, RSP_PROD]) this.set(word, host.ringStart);
    for (const word of [REQ_EVENT, RSP_EVENT]) this.set(word, host.ringStart + 1);
    ops.events(port).subscribe(() => this.onEvent());
    await device.publish({'ring-ref': ref, 'event-channel': port, protocol: 'x86_64-abi'});
    await device.switchState(INITIALISED);
  }

  /** The backend says what the disk is. */
  private async connect(): Promise<void> {
    const {device, host} = this;
    const virtualDevice = Number(await device.read('virtual-device'));
    const sectorSize = await device.readOtherNumber('sector-size', PAGE_BYTES);
    if (![512, 1024, 2048, 4096].includes(sectorSize)) throw new Error(`sector-size ${sectorSize}`);
    const sizeBytes = (await device.readOtherNumber('sectors', 2 ** 43)) * SECTOR_BYTES;
    const readonly = ((await device.readOtherNumber('info', 0xffff)) & VDISK_READONLY) !== 0;
    const move = async (operation: number, offset: number, bytes: Uint8Array): Promise<Uint8Array> => {
      const isWhole = offset % sectorSize === 0 && bytes.length % sectorSize === 0;
      if (!isWhole || offset + bytes.length > sizeBytes) throw new Error('EINVAL');
      const pages: Promise<void>[] = [];
      for (let at = 0; at < bytes.length; at += PAGE_BYTES)
        pages.push(this.ask(operation, (offset + at) / SECTOR_BYTES, bytes.subarray(at, at + PAGE_BYTES)));
      await Promise.all(pages);
      return bytes;
    };
    const disk: BlockDevice = {
      name: nameOf(virtualDevice),
      virtualDevice,
      sizeBytes,
      sectorSize,
      readonly,
      removable: false,
      canFlush: false,
      resized: NEVER,
      removed: NEVER,
      read: (offset, length) => move(READ, offset, new Uint8Array(length)),
      write: async (offset, data) => void (await move(WRITE, offset, data)),
      flush: async () => undefined,
      discard: () => Promise.reject(new Error('EOPNOTSUPP')),
      stats: () => ({}),
    };
    this.isOpen = true;
    await device.switchState(CONNECTED);
    host.onDevice(disk);
  }

  private ask(operation: number, sector: number, bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (error?: Error): void => (error === undefined ? resolve() : reject(error));
      if (!this.isOpen) return end(new Error('ENODEV'));
      this.waiting.push({operation, sector, bytes, end});
      this.push();
    });
  }

  /** Fills free slots, publishes them at once, and sends an event if the backend has asked for one. */
  private push(): void {
    const old = this.reqProd;
    while (this.waiting.length > 0 && (this.reqProd - this.rspCons) >>> 0 < SLOTS) this.put(this.waiting.shift()!);
    if (this.reqProd === old) return;
    this.set(REQ_PROD, this.reqProd);
    const wasAsked = (this.reqProd - this.get(REQ_EVENT)) >>> 0 < (this.reqProd - old) >>> 0;
    if (wasAsked) this.device.ops.evtchnSend(this.ring!.port);
  }

  private put(request: Request): void {
    const {operation, sector, bytes} = request;
    const id = this.reqProd;
    this.shadow.set(id, request);
    const head = operation | (1 << 8) | (Number(this.device.devid) << 16);
    const lastSector = bytes.length / SECTOR_BYTES - 1;
    const words = [head, 0, id, 0, sector, Math.floor(sector / 2 ** 32), this.grant(request), lastSector << 8];
    words.forEach((word, i) => this.set(slotOf(id) + i, word));
    this.reqProd = (id + 1) >>> 0;
  }

  /** A zeroed page for each request: nothing else of the guest is shown to the backend. Of a write it only reads. */
  private grant(request: Request): number {
    const {ops, otherDomid} = this.device;
    const gfn = ops.pages.alloc()!;
    const isWrite = request.operation === WRITE;
    if (isWrite) ops.memory.u8.set(request.bytes, gfn * PAGE_BYTES);
    request.grant = {gfn, ref: ops.grantor.grantAccess(otherDomid, gfn, isWrite)};
    return request.grant.ref;
  }

  private onEvent(): void {
    while (this.isOpen) {
      const rspProd = this.get(RSP_PROD);
      if ((rspProd - this.rspCons) >>> 0 > (this.reqProd - this.rspCons) >>> 0) return this.giveUp('bad rsp_prod');
      while (this.isOpen && this.rspCons !== rspProd) this.take();
      this.set(RSP_EVENT, this.rspCons + 1);
      // The backend may have published a response before it could see that rsp_event: no event comes for it.
      if (this.get(RSP_PROD) === this.rspCons) break;
    }
    this.push();
  }

  /** Copies the response out of the ring before it looks at it. */
  private take(): void {
    const slot = slotOf(this.rspCons);
    const [id, idHigh, result] = [this.get(slot), this.get(slot + 1), this.get(slot + 2)];
    const request = idHigh === 0 ? this.shadow.get(id) : undefined;
    if (request === undefined || (result & 0xff) !== request.operation) return this.giveUp('bad response');
    const {ops} = this.device;
    const at = (request.grant?.gfn ?? 0) * PAGE_BYTES;
    if (request.operation === READ) request.bytes.set(ops.memory.u8.subarray(at, at + request.bytes.length));
    if (!this.takeBack(request.grant)) return this.giveUp('a page is still mapped');
    this.rspCons = (this.rspCons + 1) >>> 0;
    this.shadow.delete(id);
    request.end(result >> 16 === 0 ? undefined : new Error('EIO'));
  }

  /** A page that the backend still has mapped stays out of use: to use it again would show it other data. */
  private takeBack(grant: Request['grant']): boolean {
    const {grantor, pages} = this.device.ops;
    if (grant === undefined) return true;
    const isEnded = grantor.endAccess(grant.ref);
    if (isEnded) pages.free(grant.gfn);
    return isEnded;
  }

  /** The backend is broken or evil: only this device is lost. */
  private giveUp(reason: string): void {
    this.stop();
    this.device.enqueue(() => Promise.reject(new Error(reason)));
  }

  private stop(): void {
    this.isOpen = false;
    for (const {end} of [...this.shadow.values(), ...this.waiting]) end(new Error('ENODEV'));
    this.waiting = [];
  }

  /** The backend has let go. */
  private release(): void {
    for (const {grant} of this.shadow.values()) this.takeBack(grant);
    this.shadow.clear();
    this.takeBack(this.ring);
    if (this.ring !== undefined) this.device.ops.evtchnClose(this.ring.port);
    this.ring = undefined;
  }

  private get(word: number): number {
    return this.device.ops.memory.u32[this.ring!.gfn * PAGE_WORDS + word];
  }

  private set(word: number, value: number): void {
    this.device.ops.memory.u32[this.ring!.gfn * PAGE_WORDS + word] = value;
  }
}

const slotOf = (index: number): number => FIRST_SLOT + (index % SLOTS) * SLOT_WORDS;

/** "xvdb1" of 51729. @see xen-vbd-interface(7) */
const nameOf = (devid: number): string =>
  `xvd${String.fromCharCode(97 + ((devid & 0xff) >> 4))}${(devid & 15) === 0 ? '' : devid & 15}`;
