import {
  XEN_CPUID_FIRST_LEAF,
  XEN_CPUID_MAX_NUM_LEAVES,
  XEN_CPUID_SIGNATURE_EBX,
  XEN_CPUID_SIGNATURE_ECX,
  XEN_CPUID_SIGNATURE_EDX,
  XEN_HVM_CPUID_DOMID_PRESENT,
  XEN_HVM_CPUID_UPCALL_VECTOR,
  XEN_HVM_CPUID_VCPU_ID_PRESENT,
} from '../../abi/arch-x86/cpuid.ts';
import {XEN_VERSION} from '../../version.ts';

type Leaf = readonly [eax: number, ebx: number, ecx: number, edx: number];

/** Hypervisors have these leaves to themselves. */
const LAST_HYPERVISOR_LEAF = 0x4000ffff;
export const TSC_KHZ = 1_000_000;
/** Written to this MSR, an address gets a hypercall page. @see cpuid.h, leaf 3 */
export const MSR_HYPERCALL_PAGE = 0x40000000;

const NOTHING: Leaf = [0, 0, 0, 0];
const PRESENT_FEATURES = XEN_HVM_CPUID_VCPU_ID_PRESENT | XEN_HVM_CPUID_DOMID_PRESENT | XEN_HVM_CPUID_UPCALL_VECTOR;

/** Xen's leaves, by their number from the base. `subleaf` is ecx. @see arch-x86/cpuid.h */
const leaves: readonly ((domid: number, subleaf: number) => Leaf)[] = [
  () => [
    XEN_CPUID_FIRST_LEAF + XEN_CPUID_MAX_NUM_LEAVES,
    XEN_CPUID_SIGNATURE_EBX,
    XEN_CPUID_SIGNATURE_ECX,
    XEN_CPUID_SIGNATURE_EDX,
  ],
  () => [(XEN_VERSION.major << 16) | XEN_VERSION.minor, 0, 0, 0],
  () => [1, MSR_HYPERCALL_PAGE, 0, 0],
  (_domid, subleaf) => (subleaf === 0 ? [0, 0, TSC_KHZ, 0] : NOTHING),
  (domid) => [PRESENT_FEATURES, 0, domid, 0],
];

/** What a hypervisor's leaf answers; undefined for a leaf of the CPU itself. */
export const hypervisorLeaf = (leaf: number, subleaf: number, domid: number): Leaf | undefined => {
  if (leaf < XEN_CPUID_FIRST_LEAF || leaf > LAST_HYPERVISOR_LEAF) return undefined;
  return leaves[leaf - XEN_CPUID_FIRST_LEAF]?.(domid, subleaf) ?? NOTHING;
};
