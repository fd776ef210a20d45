/**
 * Event channels: operations, states of a port, and the words of the 2-level and FIFO ABIs.
 * @see event_channel.h
 */
import {inlineStruct, inlineUnion, scalar, struct, typedef, uint32_t, uint64_t, uint8_t} from './ctype.ts';
import {domid_t} from './xen.ts';

/** Operations of event_channel_op. */
export const EVTCHNOP_bind_interdomain = 0;
export const EVTCHNOP_bind_virq = 1;
export const EVTCHNOP_bind_pirq = 2;
export const EVTCHNOP_close = 3;
export const EVTCHNOP_send = 4;
export const EVTCHNOP_status = 5;
export const EVTCHNOP_alloc_unbound = 6;
export const EVTCHNOP_bind_ipi = 7;
export const EVTCHNOP_bind_vcpu = 8;
export const EVTCHNOP_unmask = 9;
export const EVTCHNOP_reset = 10;
export const EVTCHNOP_init_control = 11;
export const EVTCHNOP_expand_array = 12;
export const EVTCHNOP_set_priority = 13;

export const evtchn_port_t = scalar('evtchn_port_t', 'u32');

export const evtchn_alloc_unbound = struct('evtchn_alloc_unbound', [
  ['dom', domid_t],
  ['remote_dom', domid_t],
  ['port', evtchn_port_t],
]);

export const evtchn_bind_interdomain = struct('evtchn_bind_interdomain', [
  ['remote_dom', domid_t],
  ['remote_port', evtchn_port_t],
  ['local_port', evtchn_port_t],
]);

export const evtchn_bind_virq = struct('evtchn_bind_virq', [
  ['virq', uint32_t],
  ['vcpu', uint32_t],
  ['port', evtchn_port_t],
]);

export const evtchn_bind_pirq = struct('evtchn_bind_pirq', [
  ['pirq', uint32_t],
  ['flags', uint32_t],
  ['port', evtchn_port_t],
]);

export const BIND_PIRQ__WILL_SHARE = 1;

export const evtchn_bind_ipi = struct('evtchn_bind_ipi', [
  ['vcpu', uint32_t],
  ['port', evtchn_port_t],
]);

export const evtchn_close = struct('evtchn_close', [['port', evtchn_port_t]]);

export const evtchn_send = struct('evtchn_send', [['port', evtchn_port_t]]);

export const evtchn_status = struct('evtchn_status', [
  ['dom', domid_t],
  ['port', evtchn_port_t],
  ['status', uint32_t],
  ['vcpu', uint32_t],
  [
    'u',
    inlineUnion([
      ['unbound', inlineStruct([['dom', domid_t]])],
      [
        'interdomain',
        inlineStruct([
          ['dom', domid_t],
          ['port', evtchn_port_t],
        ]),
      ],
      ['pirq', uint32_t],
      ['virq', uint32_t],
    ]),
  ],
]);

/** evtchn_status.status */
export const EVTCHNSTAT_closed = 0;
export const EVTCHNSTAT_unbound = 1;
export const EVTCHNSTAT_interdomain = 2;
export const EVTCHNSTAT_pirq = 3;
export const EVTCHNSTAT_virq = 4;
export const EVTCHNSTAT_ipi = 5;

export const evtchn_bind_vcpu = struct('evtchn_bind_vcpu', [
  ['port', evtchn_port_t],
  ['vcpu', uint32_t],
]);

export const evtchn_unmask = struct('evtchn_unmask', [['port', evtchn_port_t]]);

export const evtchn_reset = struct('evtchn_reset', [['dom', domid_t]]);

export const evtchn_init_control = struct('evtchn_init_control', [
  ['control_gfn', uint64_t],
  ['offset', uint32_t],
  ['vcpu', uint32_t],
  ['link_bits', uint8_t],
  ['_pad', uint8_t, 7],
]);

export const evtchn_expand_array = struct('evtchn_expand_array', [['array_gfn', uint64_t]]);

export const evtchn_set_priority = struct('evtchn_set_priority', [
  ['port', evtchn_port_t],
  ['priority', uint32_t],
]);

export const evtchn_op = struct('evtchn_op', [
  ['cmd', uint32_t],
  [
    'u',
    inlineUnion([
      ['alloc_unbound', typedef(evtchn_alloc_unbound)],
      ['bind_interdomain', typedef(evtchn_bind_interdomain)],
      ['bind_virq', typedef(evtchn_bind_virq)],
      ['bind_pirq', typedef(evtchn_bind_pirq)],
      ['bind_ipi', typedef(evtchn_bind_ipi)],
      ['close', typedef(evtchn_close)],
      ['send', typedef(evtchn_send)],
      ['status', typedef(evtchn_status)],
      ['bind_vcpu', typedef(evtchn_bind_vcpu)],
      ['unmask', typedef(evtchn_unmask)],
    ]),
  ],
]);

/** Ports of the 2-level ABI: the square of the bits in a word. */
export const EVTCHN_2L_NR_CHANNELS = {x86_64: 4096, x86_32: 1024} as const;

export const EVTCHN_FIFO_PRIORITY_MAX = 0;
export const EVTCHN_FIFO_PRIORITY_DEFAULT = 7;
export const EVTCHN_FIFO_PRIORITY_MIN = 15;
export const EVTCHN_FIFO_MAX_QUEUES = EVTCHN_FIFO_PRIORITY_MIN + 1;

export const event_word_t = scalar('event_word_t', 'u32');

/** Bits of an event word of the FIFO ABI. */
export const EVTCHN_FIFO_PENDING = 31;
export const EVTCHN_FIFO_MASKED = 30;
export const EVTCHN_FIFO_LINKED = 29;
export const EVTCHN_FIFO_BUSY = 28;
export const EVTCHN_FIFO_LINK_BITS = 17;
export const EVTCHN_FIFO_LINK_MASK = (1 << EVTCHN_FIFO_LINK_BITS) - 1;
export const EVTCHN_FIFO_NR_CHANNELS = 1 << EVTCHN_FIFO_LINK_BITS;

export const evtchn_fifo_control_block = struct('evtchn_fifo_control_block', [
  ['ready', uint32_t],
  ['_rsvd', uint32_t],
  ['head', uint32_t, EVTCHN_FIFO_MAX_QUEUES],
]);
