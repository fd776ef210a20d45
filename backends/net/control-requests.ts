import {GNTCOPY_dest_gref, GNTCOPY_source_gref, GNTST_okay} from '../../hypervisor/abi/grant-table.ts';
import {
  XEN_NETIF_CTRL_HASH_ALGORITHM_NONE,
  XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ,
  XEN_NETIF_CTRL_HASH_TYPE_IPV4,
  XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP,
  XEN_NETIF_CTRL_HASH_TYPE_IPV6,
  XEN_NETIF_CTRL_HASH_TYPE_IPV6_TCP,
  XEN_NETIF_CTRL_STATUS_BUFFER_OVERFLOW,
  XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER,
  XEN_NETIF_CTRL_STATUS_NOT_SUPPORTED,
  XEN_NETIF_CTRL_STATUS_SUCCESS,
  XEN_NETIF_CTRL_TYPE_ADD_GREF_MAPPING,
  XEN_NETIF_CTRL_TYPE_DEL_GREF_MAPPING,
  XEN_NETIF_CTRL_TYPE_GET_GREF_MAPPING_SIZE,
  XEN_NETIF_CTRL_TYPE_GET_HASH_FLAGS,
  XEN_NETIF_CTRL_TYPE_GET_HASH_MAPPING_SIZE,
  XEN_NETIF_CTRL_TYPE_SET_HASH_ALGORITHM,
  XEN_NETIF_CTRL_TYPE_SET_HASH_FLAGS,
  XEN_NETIF_CTRL_TYPE_SET_HASH_KEY,
  XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING,
  XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE,
  XEN_NETIF_CTRLF_GREF_readonly,
} from '../../hypervisor/abi/io/netif.ts';
import {DOMID_SELF, type Gfn} from '../../hypervisor/ids.ts';
import {PAGE_SIZE} from '../../hypervisor/memory/index.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import {MAX_KEY_BYTES, MAX_MAPPING, type PacketHash} from './packet-hash.ts';
import {MAX_STATIC_GRANTS, type StaticGrants} from './static-grants.ts';

const ALL_TYPES =
  XEN_NETIF_CTRL_HASH_TYPE_IPV4 |
  XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP |
  XEN_NETIF_CTRL_HASH_TYPE_IPV6 |
  XEN_NETIF_CTRL_HASH_TYPE_IPV6_TCP;

const ENTRY_BYTES = 4;
/** struct xen_netif_gref: ref; flags and status. */
const GREF_WORDS = 2;

/** Takes data[0..2], returns the status. `data` of the response is 0 unless it is set. */
type Operation = (data: Uint32Array) => number;

export interface ControlRequestsOptions {
  ops: HypervisorOps;
  /** The guest. */
  domid: number;
  hash: PacketHash;
  /** Of each queue. */
  statics: readonly StaticGrants[];
  /** A page of ours that holds nothing from one request to the next. */
  scratch: Gfn;
}

/** What a guest's control requests do. @see netif.h, "Control messages" */
export class ControlRequests {
  private readonly ops: HypervisorOps;
  private readonly domid: number;
  private readonly hash: PacketHash;
  private readonly statics: readonly StaticGrants[];
  private readonly scratch: Gfn;
  /** `data` of the response under way. */
  private result = 0;

  constructor(options: ControlRequestsOptions) {
    this.ops = options.ops;
    this.domid = options.domid;
    this.hash = options.hash;
    this.statics = options.statics;
    this.scratch = options.scratch;
  }

  /** Does what a request asks for, and fills the response. Both are as on the ring, as words. */
  answer(request: Uint32Array, response: Uint32Array): void {
    this.result = 0;
    const operation = this.operations[request[0] >>> 16];
    const status = operation?.(request.subarray(1, 4)) ?? XEN_NETIF_CTRL_STATUS_NOT_SUPPORTED;
    response[0] = request[0];
    response[1] = status;
    response[2] = this.result;
  }

  private readonly operations: Partial<Record<number, Operation>> = {
    [XEN_NETIF_CTRL_TYPE_SET_HASH_ALGORITHM]: ([algorithm]) => this.setAlgorithm(algorithm),
    [XEN_NETIF_CTRL_TYPE_GET_HASH_FLAGS]: () => this.getTypes(),
    [XEN_NETIF_CTRL_TYPE_SET_HASH_FLAGS]: ([types]) => this.setTypes(types),
    [XEN_NETIF_CTRL_TYPE_SET_HASH_KEY]: ([gref, bytes]) => this.setKey(gref, bytes),
    [XEN_NETIF_CTRL_TYPE_GET_HASH_MAPPING_SIZE]: () => this.getMappingSize(),
    [XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE]: ([entries]) => this.setMappingSize(entries),
    [XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING]: ([gref, entries, at]) => this.setMapping(gref, entries, at),
    [XEN_NETIF_CTRL_TYPE_GET_GREF_MAPPING_SIZE]: ([queue]) => this.getStaticSize(queue),
    [XEN_NETIF_CTRL_TYPE_ADD_GREF_MAPPING]: ([queue, gref, entries]) => this.addStatics(queue, gref, entries),
    [XEN_NETIF_CTRL_TYPE_DEL_GREF_MAPPING]: ([queue, gref, entries]) => this.deleteStatics(queue, gref, entries),
  };

  private setAlgorithm(algorithm: number): number {
    const isKnown =
      algorithm === XEN_NETIF_CTRL_HASH_ALGORITHM_NONE || algorithm === XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ;
    if (!isKnown) return XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER;
    this.hash.algorithm = algorithm;
    return XEN_NETIF_CTRL_STATUS_SUCCESS;
  }

  private get hasAlgorithm(): boolean {
    return this.hash.algorithm !== XEN_NETIF_CTRL_HASH_ALGORITHM_NONE;
  }

  private getTypes(): number {
    if (!this.hasAlgorithm) return XEN_NETIF_CTRL_STATUS_NOT_SUPPORTED;
    this.result = ALL_TYPES;
    return XEN_NETIF_CTRL_STATUS_SUCCESS;
  }

  private setTypes(types: number): number {
    if (!this.hasAlgorithm || (types & ~ALL_TYPES) !== 0) return XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER;
    this.hash.types = types;
    return XEN_NETIF_CTRL_STATUS_SUCCESS;
  }

  private setKey(gref: number, bytes: number): number {
    if (bytes > PAGE_SIZE) return XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER;
    if (bytes > MAX_KEY_BYTES) return XEN_NETIF_CTRL_STATUS_BUFFER_OVERFLOW;
    const key = this.fetch(gref, bytes);
    if (key === undefined) return XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER;
    this.hash.setKey(key);
    return XEN_NETIF_CTRL_STATUS_SUCCESS;
  }

  private getMappingSize(): number {
    this.result = MAX_MAPPING;
    return XEN_NETIF_CTRL_STATUS_SUCCESS;
  }

  private setMappingSize(entries: number): number {
    if (entries > MAX_MAPPING) return XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER;
    this.hash.setMappingSize(entries);
    return XEN_NETIF_CTRL_STATUS_SUCCESS;
  }

  /** The whole part is checked before any of it counts. Numbers are doubles here: nothing wraps. @see XSA-270 */
  private setMapping(gref: number, entries: number, at: number): number {
    if (at + entries > this.hash.mappingSize) return XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER;
    const bytes = this.fetch(gref, entries * ENTRY_BYTES);
    if (bytes === undefined) return XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER;
    const queues = new Uint32Array(bytes.buffer);
    if (queues.some((queue) => queue >= this.statics.length)) return XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER;
    this.hash.setMapping(queues, at);
    return XEN_NETIF_CTRL_STATUS_SUCCESS;
  }

  private getStaticSize(queue: number): number {
    if (queue >= this.statics.length) return XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER;
    this.result = MAX_STATIC_GRANTS;
    return XEN_NETIF_CTRL_STATUS_SUCCESS;
  }

  private addStatics(queue: number, gref: number, entries: number): number {
    const list = this.fetchStatics(queue, gref, entries);
    if (list === undefined) return XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER;
    const grants = Array.from({length: entries}, (_, i) => ({
      ref: list[i * GREF_WORDS],
      isReadonly: (list[i * GREF_WORDS + 1] & XEN_NETIF_CTRLF_GREF_readonly) !== 0,
    }));
    return this.statics[queue].add(grants) ? XEN_NETIF_CTRL_STATUS_SUCCESS : XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER;
  }

  /** Says of each in the list itself whether it was there. Nothing of a page is in use between two requests. */
  private deleteStatics(queue: number, gref: number, entries: number): number {
    const list = this.fetchStatics(queue, gref, entries);
    if (list === undefined) return XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER;
    for (let i = 0; i < list.length; i += GREF_WORDS) {
      const isGone = this.statics[queue].delete(list[i]);
      const status = isGone ? XEN_NETIF_CTRL_STATUS_SUCCESS : XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER;
      list[i + 1] = (list[i + 1] & 0xffff) | (status << 16);
      if (isGone) this.result++;
    }
    return this.store(gref, list) ? XEN_NETIF_CTRL_STATUS_SUCCESS : XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER;
  }

  private fetchStatics(queue: number, gref: number, entries: number): Uint32Array | undefined {
    if (queue >= this.statics.length || entries > MAX_STATIC_GRANTS) return undefined;
    const bytes = this.fetch(gref, entries * GREF_WORDS * 4);
    return bytes && new Uint32Array(bytes.buffer);
  }

  /** Copies words to the begin of a granted page. */
  private store(gref: number, words: Uint32Array): boolean {
    const {ops, scratch} = this;
    if (words.length === 0) return true;
    ops.memory.u32.set(words, (scratch * PAGE_SIZE) / 4);
    const length = words.byteLength;
    return ops.gnttabCopy(DOMID_SELF, scratch, 0, this.domid, gref, 0, length, GNTCOPY_dest_gref) === GNTST_okay;
  }

  /** A copy of the first `length` bytes of a granted page; undefined when the grant does not allow it. */
  private fetch(gref: number, length: number): Uint8Array<ArrayBuffer> | undefined {
    if (length === 0) return new Uint8Array(0);
    const {ops, scratch} = this;
    const status = ops.gnttabCopy(this.domid, gref, 0, DOMID_SELF, scratch, 0, length, GNTCOPY_source_gref);
    return status === GNTST_okay ? ops.memory.u8.slice(scratch * PAGE_SIZE, scratch * PAGE_SIZE + length) : undefined;
  }
}
