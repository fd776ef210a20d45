import type {HypervisorOps} from '../../hypervisor/ops.ts';
import {FrameArea} from './frame-area.ts';
import {getBe16, putBe16} from './inet.ts';
import {ETH_ALEN} from './mac.ts';

/** What a port has to do with VLANs, as Open vSwitch's columns `tag` and `trunks` say it; nothing: all pass as they are. */
export interface PortVlan {
  /** An access port: its frames have no tag, and are of this VLAN, 1..4094. */
  readonly tag?: number;
  /** A trunk: frames of these VLANs, with their tags; 0 is for those without one. Not heeded beside a tag. */
  readonly trunks?: readonly number[];
}

/** In place of a VLAN: a frame that the port does not admit. */
export const NOT_ADMITTED = -1;
/** VLAN of frames without a tag where nothing else is said. */
export const NO_VLAN = 0;
const MAX_VLAN = 4094;

const TYPE_AT = 2 * ETH_ALEN;
const TAG_BYTES = 4;
const TYPE_VLAN = 0x8100;

export const isVlan = (id: number): boolean => Number.isInteger(id) && id > NO_VLAN && id <= MAX_VLAN;

/** @see IEEE 802.1Q, "VLAN tag format" */
export const isTagged = (u8: Uint8Array, at: number, length: number): boolean =>
  length >= TYPE_AT + TAG_BYTES && getBe16(u8, at + TYPE_AT) === TYPE_VLAN;

/** A port's side of VLANs. */
export class VlanPort {
  private readonly tag: number | undefined;
  private readonly trunks: ReadonlySet<number> | undefined;

  constructor({tag, trunks}: PortVlan) {
    this.tag = tag;
    this.trunks = tag === undefined && trunks !== undefined ? new Set(trunks) : undefined;
  }

  /** The VLAN of a frame that comes in; NOT_ADMITTED when the port takes no such frame. */
  classify(u8: Uint8Array, at: number, length: number): number {
    const hasTag = isTagged(u8, at, length);
    if (this.tag !== undefined) return hasTag ? NOT_ADMITTED : this.tag;
    const id = hasTag ? getBe16(u8, at + TYPE_AT + 2) & 0xfff : NO_VLAN;
    return this.carries(id) ? id : NOT_ADMITTED;
  }

  carries(vlan: number): boolean {
    if (this.tag !== undefined) return vlan === this.tag;
    return this.trunks?.has(vlan) ?? true;
  }

  /** Frames of the VLAN leave with a tag. */
  tags(vlan: number): boolean {
    return vlan !== NO_VLAN && vlan !== this.tag;
  }
}

const AREA_PAGES = 32;

/** A frame on its way through a bridge, in both its shapes: with its VLAN's tag and without. The other one is made when it is needed. */
export class VlanFrame {
  at = 0;
  length = 0;
  offload = 0;
  vlan = NO_VLAN;
  /** Where it lies in the shape that was asked for last. */
  shapedAt = 0;
  shapedLength = 0;
  private readonly ops: HypervisorOps;
  private area: FrameArea | undefined;
  /** Of the copy in the other shape; -1 without one. */
  private copyAt = -1;

  constructor(ops: HypervisorOps) {
    this.ops = ops;
  }

  begin(at: number, length: number, offload: number): void {
    this.at = at;
    this.length = length;
    this.offload = offload;
    this.copyAt = -1;
  }

  /** Sets `shapedAt` and `shapedLength`. False when there is no room for the other shape, until `reset`. */
  shape(tagged: boolean): boolean {
    const {u8} = this.ops.memory;
    if (isTagged(u8, this.at, this.length) === tagged) {
      this.shapedAt = this.at;
      this.shapedLength = this.length;
      return true;
    }
    this.shapedLength = this.length + (tagged ? TAG_BYTES : -TAG_BYTES);
    if (this.copyAt < 0) this.copyAt = this.copy(u8, tagged);
    this.shapedAt = this.copyAt;
    return this.copyAt >= 0;
  }

  /** All copies are of no use any more. */
  reset(): void {
    this.area?.reset();
    this.copyAt = -1;
  }

  private copy(u8: Uint8Array, tagged: boolean): number {
    this.area ??= new FrameArea(this.ops, AREA_PAGES);
    const {at, length, shapedLength} = this;
    const to = this.area.reserve(shapedLength);
    if (to < 0) return to;
    u8.copyWithin(to, at, at + TYPE_AT);
    // What follows the tag, or where it will be, from the end of both.
    const rest = Math.min(length, shapedLength) - TYPE_AT;
    u8.copyWithin(to + shapedLength - rest, at + length - rest, at + length);
    if (tagged) {
      putBe16(u8, to + TYPE_AT, TYPE_VLAN);
      putBe16(u8, to + TYPE_AT + 2, this.vlan);
    }
    return to;
  }
}
