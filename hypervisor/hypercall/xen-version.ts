import * as features from '../abi/features.ts';
import * as abi from '../abi/version.ts';
import {EFAULT, ENOSYS} from '../errno.ts';
import {PAGE_SIZE} from '../memory/index.ts';
import {XEN_VERSION} from '../version.ts';
import {type Caller, command, type Hypercall, runCommand} from './hypercall.ts';

const supported = [
  features.XENFEAT_auto_translated_physmap,
  features.XENFEAT_supervisor_mode_kernel,
  features.XENFEAT_hvm_callback_vector,
  features.XENFEAT_hvm_safe_pvclock,
  features.XENFEAT_memory_op_vnode_supported,
].reduce((bits, feature) => bits | (1 << feature), 0);

const CAPABILITIES = 'hvm-3.0-x86_32 hvm-3.0-x86_32p ';

/** Fills the guest's array of characters with a text and zeros. */
const text =
  (content: string, bytes: number) =>
  ({guest}: Caller, address: number): number => {
    const filled = new Uint8Array(bytes);
    filled.set(new TextEncoder().encode(content));
    return guest.writeBytes(address, filled) ? 0 : -EFAULT;
  };

const getFeatures = command(abi.xen_feature_info, (_caller, {submap_idx}) => ({
  result: 0,
  out: {submap: submap_idx === 0 ? supported : 0},
}));

const table: Readonly<Record<number, (caller: Caller, address: number) => number>> = {
  [abi.XENVER_version]: () => (XEN_VERSION.major << 16) | XEN_VERSION.minor,
  [abi.XENVER_extraversion]: text(XEN_VERSION.extra, abi.XEN_EXTRAVERSION_LEN),
  [abi.XENVER_capabilities]: text(CAPABILITIES, abi.XEN_CAPABILITIES_INFO_LEN),
  [abi.XENVER_changeset]: text('', abi.XEN_CHANGESET_INFO_LEN),
  [abi.XENVER_get_features]: (caller, address) => runCommand(caller, getFeatures, address),
  [abi.XENVER_pagesize]: () => PAGE_SIZE,
};

/** @see version.h */
export const xenVersion: Hypercall = (caller, [cmd, address]) => table[cmd]?.(caller, address) ?? -ENOSYS;
