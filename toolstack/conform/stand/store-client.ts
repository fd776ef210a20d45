import {PAGE_SIZE} from '../../../hypervisor/memory/index.ts';
import {XsClient} from '../../../hypervisor/xenstore/index.ts';
import {STORE_PAGE, StoreRingPeer, type WireMessage, wireBytes} from '../peers/store-ring.ts';
import type {Rig} from '../rig.ts';
import {recorder} from '../seam/recorder.ts';
import {Seam} from '../seam/seam.ts';
import {startRig} from './start-rig.ts';
import {Stand, type StandOptions} from './stand.ts';

const RING_BYTES = 1024;
const DOM0 = 0;

/** A domain's store client under test, and a page that the check serves in the store's place. */
export class StoreClientStand extends Stand {
  /** The store's end: what it puts are replies, what it takes are requests. */
  readonly server: StoreRingPeer;
  /** Events that the client has sent. */
  events = 0;
  private readonly options: StandOptions;
  private readonly seam: Seam;
  private readonly offset: number;
  private readonly clientPort: number;
  private readonly serverPort: number;

  private constructor(rig: Rig, options: StandOptions) {
    super(rig, options);
    this.options = options;
    const {ops} = rig.dom0;
    this.seam = new Seam(ops, [...options.layers, recorder(options.log, 'iut')]);
    const gfn = ops.pages.alloc();
    if (gfn === undefined) throw new Error('no page for a ring');
    this.offset = gfn * PAGE_SIZE;
    this.seam.nameRing('store', gfn, ops.memory);
    this.clientPort = ops.evtchnAllocUnbound(DOM0);
    this.serverPort = ops.evtchnBindInterdomain(DOM0, this.clientPort);
    ops.events(this.serverPort).subscribe(() => this.events++);
    this.server = new StoreRingPeer(
      this.swappedPage(),
      () => this.settle(1e6),
      (what) => this.note(`store ${what}`),
    );
  }

  static async open(options: StandOptions): Promise<StoreClientStand> {
    return new StoreClientStand(await startRig(options), options);
  }

  /** Loads the client; the page is as the check has left it. */
  start(): XsClient {
    const {memory} = this.seam.ops;
    const ring = this.options.iut.openStoreClient?.(
      {u8: memory.u8, u32: memory.u32, offset: this.offset},
      () => void this.seam.ops.evtchnSend(this.clientPort),
    );
    if (ring === undefined) return this.inconclusive('it is no client of a store');
    this.rig.dom0.ops.events(this.clientPort).subscribe(() => ring.onEvent());
    return new XsClient(this.seam.transport(ring));
  }

  /** A word of the page as the store names it. */
  setWord(offset: number, value: number): void {
    this.view.setUint32(offset, value, true);
  }

  getWord(offset: number): number {
    return this.view.getUint32(offset, true);
  }

  /** Garbage in both rings, and all indexes at `start`. */
  soil(start: number): void {
    for (let at = 0; at < 2 * RING_BYTES; at++) this.view.setUint8(at, 0xa5);
    const {reqCons, reqProd, rspCons, rspProd} = STORE_PAGE;
    for (const field of [reqCons, reqProd, rspCons, rspProd]) this.setWord(field, start);
  }

  /** Lets the client run and answers what it asks by `answer`; no reply where that is undefined. */
  async serve(answer: (request: WireMessage) => WireMessage | undefined): Promise<void> {
    for (let idle = 0; idle < 2;) {
      await this.settle(1e6);
      const requests = this.server.takeMessages();
      for (const request of requests) {
        const reply = answer(request);
        if (reply !== undefined) this.server.put(wireBytes(reply));
      }
      await this.server.kick();
      idle = requests.length === 0 ? idle + 1 : 0;
    }
  }

  dump(): string[] {
    return [];
  }

  private get view(): DataView {
    const {u8} = this.rig.dom0.ops.memory;
    return new DataView(u8.buffer, u8.byteOffset + this.offset, PAGE_SIZE);
  }

  /** The peer of a guest's page plays the store when both rings change places. */
  private swappedPage(): StoreRingPeer['page'] {
    const events = (): number => this.events;
    const {reqCons, reqProd, rspCons, rspProd} = STORE_PAGE;
    const swapped = new Map<number, number>([
      [reqCons, rspCons],
      [reqProd, rspProd],
      [rspCons, reqCons],
      [rspProd, reqProd],
    ]);
    const place = (offset: number): number =>
      offset < 2 * RING_BYTES ? offset ^ RING_BYTES : (swapped.get(offset) ?? offset);
    return {
      get: (offset) => this.getWord(place(offset)),
      set: (offset, value) => this.setWord(place(offset), value),
      byte: (offset) => this.view.getUint8(place(offset)),
      setByte: (offset, value) => this.view.setUint8(place(offset), value),
      kick: () => void this.rig.dom0.ops.evtchnSend(this.serverPort),
      get events() {
        return events();
      },
    };
  }
}
