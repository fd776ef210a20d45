import {type BlockRig, XVDA} from './block.ts';

const GNTMAP_host_map = 2;
const GNTMAP_readonly = 4;

/** A backend without a driver, for a frontend in the x86_64 ABI: bytes on the ring by hand. */
export class RawBackend {
  readonly port: number;
  private readonly block: BlockRig;
  private readonly handle: number;
  private rspProd = 0;

  private constructor(block: BlockRig, handle: number, port: number) {
    this.block = block;
    this.handle = handle;
    this.port = port;
  }

  /**
   * Plays the handshake of a disk up to Connected: `offers` before InitWait, `nodes` before Connected. It takes the first
   * page of the first ring.
   */
  static async connect(
    block: BlockRig,
    nodes: Readonly<Record<string, string>> = {},
    front: Readonly<Record<string, string>> = {},
    offers: Readonly<Record<string, string>> = {},
  ): Promise<RawBackend> {
    await block.rig.addDevice({
      guest: block.guest,
      type: 'vbd',
      devid: XVDA,
      front: {'virtual-device': String(XVDA), ...front},
      back: {params: 'none', mode: 'w', ...offers},
    });
    await block.write(`${block.backPath()}/state`, '2');
    await block.settle();
    const {ops} = block.rig.dom0;
    const {domid} = block.guest.ops;
    const first = async (...keys: readonly string[]): Promise<number> => {
      for (const key of keys) {
        const value = await block.read(`${block.frontPath()}/${key}`);
        if (value !== undefined) return Number(value);
      }
      throw new Error(`the frontend has none of ${keys.join()}`);
    };
    const ref = await first('ring-ref', 'ring-ref0', 'queue-0/ring-ref', 'queue-0/ring-ref0');
    const handle = ops.gnttabMap(domid, ref, GNTMAP_host_map);
    const port = ops.evtchnBindInterdomain(domid, await first('event-channel', 'queue-0/event-channel'));
    const properties = {sectors: '2048', info: '0', 'sector-size': '512', 'feature-flush-cache': '1', ...nodes};
    for (const [key, value] of Object.entries(properties)) await block.write(`${block.backPath()}/${key}`, value);
    await block.write(`${block.backPath()}/state`, '4');
    await block.settle();
    return new RawBackend(block, handle, port);
  }

  get reqProd(): number {
    return this.view.getUint32(this.base, true);
  }

  /** A request of the ring: its first word, id, sector, and the references of its segments. */
  request(index: number): {operation: number; nrSegments: number; id: bigint; sector: bigint; grefs: number[]} {
    const at = this.slot(index);
    const nrSegments = this.view.getUint8(at + 1);
    return {
      operation: this.view.getUint8(at),
      nrSegments,
      id: this.view.getBigUint64(at + 8, true),
      sector: this.view.getBigUint64(at + 16, true),
      grefs: Array.from({length: nrSegments}, (_, i) => this.view.getUint32(at + 24 + 8 * i, true)),
    };
  }

  /** A copy of a page that the frontend granted. */
  bytes(ref: number): Uint8Array {
    const {ops} = this.block.rig.dom0;
    const handle = ops.gnttabMap(this.block.guest.ops.domid, ref, GNTMAP_host_map | GNTMAP_readonly);
    const start = ops.mappedOffset(handle);
    const copy = ops.mappedMemory(handle).u8.slice(start, start + 4096);
    ops.gnttabUnmap(handle);
    return copy;
  }

  respond(id: bigint, operation: number, status = 0): void {
    const at = this.slot(this.rspProd++);
    this.view.setBigUint64(at, id, true);
    this.view.setUint8(at + 8, operation);
    this.view.setInt16(at + 10, status, true);
  }

  push(rspProd = this.rspProd): void {
    this.view.setUint32(this.base + 8, rspProd >>> 0, true);
    this.block.rig.dom0.ops.evtchnSend(this.port);
  }

  map(gref: number): number {
    return this.block.rig.dom0.ops.gnttabMap(this.block.guest.ops.domid, gref, GNTMAP_host_map);
  }

  unmap(handle = this.handle): void {
    this.block.rig.dom0.ops.gnttabUnmap(handle);
  }

  private get base(): number {
    return this.block.rig.dom0.ops.mappedOffset(this.handle);
  }

  private slot(index: number): number {
    return this.base + 64 + (index & 31) * 112;
  }

  private get view(): DataView {
    const {buffer, byteOffset, byteLength} = this.block.guest.ops.memory.u8;
    return new DataView(buffer, byteOffset, byteLength);
  }
}
