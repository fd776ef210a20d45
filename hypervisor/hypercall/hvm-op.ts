import {struct, uint16_t, uint32_t} from '../abi/ctype.ts';
import * as abi from '../abi/hvm/hvm-op.ts';
import * as params from '../abi/hvm/params.ts';
import {domid_t} from '../abi/xen.ts';
import {EINVAL, ENOENT, EPERM, ESRCH} from '../errno.ts';
import {DOMID_SELF} from '../ids.ts';
import {type Caller, command, commands} from './hypercall.ts';

/** Vectors below are the CPU's exceptions. */
const FIRST_VECTOR = 16;
const WORD = 2 ** 32;
const TYPE_SHIFT = 24;

/** xen_hvm_param with its value as two words: a callback has its type in the top byte, its data in the lowest. */
const hvmParam = struct('xen_hvm_param', [
  ['domid', domid_t],
  ['pad', uint16_t],
  ['index', uint32_t],
  ['low', uint32_t],
  ['high', uint32_t],
]);

/** What a guest may change of its own; the others are the toolstack's. */
const ownParams = new Set<number>([
  params.HVM_PARAM_CALLBACK_IRQ,
  params.HVM_PARAM_STORE_EVTCHN,
  params.HVM_PARAM_CONSOLE_EVTCHN,
  params.HVM_PARAM_VM86_TSS,
  params.HVM_PARAM_VM86_TSS_SIZED,
  params.HVM_PARAM_ACPI_IOPORTS_LOCATION,
  params.HVM_PARAM_VM_GENERATION_ID_ADDR,
  params.HVM_PARAM_X87_FIP_WIDTH,
]);

/**
 * How events reach the CPU. There is no I/O APIC: by a GSI nothing is raised. It is taken all the same, as Linux sets
 * GSI 1 beside an upcall vector of its own, to look enlightened. There is no PCI at all, so an INTx is refused.
 * @see params.h, HVM_PARAM_CALLBACK_IRQ
 */
const setCallback = ({domain, vcpu}: Caller, low: number, high: number): number => {
  const type = high >>> TYPE_SHIFT;
  const vector = type === params.HVM_PARAM_CALLBACK_TYPE_VECTOR ? low & 0xff : 0;
  const isGsi = type === params.HVM_PARAM_CALLBACK_TYPE_GSI;
  if (vector < FIRST_VECTOR && !isGsi) return -EINVAL;
  vcpu.setCallbackVector(vector);
  domain.hvmParams.set(params.HVM_PARAM_CALLBACK_IRQ, vector);
  return 0;
};

/** @see hvm/hvm_op.h */
export const hvmOp = commands({
  [abi.HVMOP_set_param]: command(hvmParam, (caller, {domid, index, low, high}) => {
    const {domain} = caller;
    if (domid !== DOMID_SELF && domid !== domain.id) return -ESRCH;
    if (index >= params.HVM_NR_PARAMS) return -EINVAL;
    if (!ownParams.has(index)) return -EPERM;
    if (index === params.HVM_PARAM_CALLBACK_IRQ) return setCallback(caller, low, high);
    domain.hvmParams.set(index, high * WORD + low);
    return 0;
  }),
  [abi.HVMOP_get_param]: command(hvmParam, ({domain}, {domid, index}) => {
    if (domid !== DOMID_SELF && domid !== domain.id) return -ESRCH;
    if (index >= params.HVM_NR_PARAMS) return -EINVAL;
    const value = domain.hvmParams.get(index) ?? 0;
    const isCallback = index === params.HVM_PARAM_CALLBACK_IRQ && value !== 0;
    const high = isCallback ? params.HVM_PARAM_CALLBACK_TYPE_VECTOR << TYPE_SHIFT : Math.floor(value / WORD);
    return {result: 0, out: {low: value % WORD, high}};
  }),
  [abi.HVMOP_set_evtchn_upcall_vector]: command(abi.xen_hvm_evtchn_upcall_vector, (caller, {vcpu, vector}) => {
    if (vcpu !== caller.vcpu.index) return -ENOENT;
    if (vector < FIRST_VECTOR) return -EINVAL;
    caller.vcpu.setUpcallVector(vector);
    return 0;
  }),
});
