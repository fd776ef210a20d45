import {XEN_LEGACY_MAX_VCPUS} from '../abi/arch-x86/xen.ts';
import type {Abi} from '../abi/ctype.ts';
import {sizeOf} from '../abi/layout.ts';
import {vcpu_info} from '../abi/xen.ts';
import type {DomainMemory} from '../memory/index.ts';

/** The same on both ABIs: a cache line. */
const VCPU_INFO_SIZE = sizeOf(vcpu_info, 'x86_64');
/** vCPUs whose vcpu_info lies inside shared_info. */
export const LEGACY_MAX_VCPUS = XEN_LEGACY_MAX_VCPUS;

/** Where a domain's shared_info and the vcpu_info of its vCPUs lie, and their upcall flags. */
export class SharedInfo {
  readonly abi: Abi;
  readonly memory: DomainMemory;
  /** Byte offset of the page; the guest may have it moved. */
  base = 0;
  /** Byte offset of each vCPU's vcpu_info; VCPUOP_register_vcpu_info may move one. */
  private readonly vcpuInfo: number[] = [];

  constructor(memory: DomainMemory, abi: Abi, byteOffset: number) {
    this.memory = memory;
    this.abi = abi;
    this.move(byteOffset);
  }

  /** The page now lies at `byteOffset` of the domain's memory. */
  move(byteOffset: number): void {
    this.base = byteOffset;
    for (let v = 0; v < LEGACY_MAX_VCPUS; v++) this.vcpuInfo[v] = byteOffset + v * VCPU_INFO_SIZE;
  }

  moveVcpuInfo(vcpu: number, byteOffset: number): void {
    this.vcpuInfo[vcpu] = byteOffset;
  }

  vcpuInfoOffset(vcpu: number): number {
    return this.vcpuInfo[vcpu];
  }

  /** Sets evtchn_upcall_pending; true when it was clear and the vCPU takes upcalls. */
  markUpcall(vcpu: number): boolean {
    const info = this.vcpuInfo[vcpu];
    const {u8} = this.memory;
    const wasPending = u8[info] !== 0;
    u8[info] = 1;
    return !wasPending && u8[info + 1] === 0;
  }

  clearUpcall(vcpu: number): void {
    this.memory.u8[this.vcpuInfo[vcpu]] = 0;
  }

  upcallPending(vcpu: number): boolean {
    return this.memory.u8[this.vcpuInfo[vcpu]] !== 0;
  }
}
