import * as abi from '../abi/event-channel.ts';
import {EINVAL} from '../errno.ts';
import {PAGE_SIZE} from '../memory/index.ts';
import {answer, command, commands} from './hypercall.ts';

/** @see event_channel.h */
export const eventChannelOp = commands({
  [abi.EVTCHNOP_bind_interdomain]: command(abi.evtchn_bind_interdomain, ({xen, domain}, arg) =>
    answer('local_port', xen.eventChannels.bindInterdomain(domain, arg.remote_dom, arg.remote_port)),
  ),
  [abi.EVTCHNOP_bind_virq]: command(abi.evtchn_bind_virq, ({xen, domain}, arg) =>
    answer('port', xen.eventChannels.bindVirq(domain, arg.virq, arg.vcpu)),
  ),
  [abi.EVTCHNOP_close]: command(abi.evtchn_close, ({xen, domain}, {port}) => xen.eventChannels.close(domain, port)),
  [abi.EVTCHNOP_send]: command(abi.evtchn_send, ({xen, domain}, {port}) => xen.eventChannels.send(domain, port)),
  [abi.EVTCHNOP_status]: command(abi.evtchn_status, ({xen, domain}, {dom, port}) => {
    const status = xen.eventChannels.status(domain, dom, port);
    if (typeof status === 'number') return status;
    const {remoteDomid, remotePort, virq} = status;
    const u = {unbound: {dom: remoteDomid}, interdomain: {dom: remoteDomid, port: remotePort}, virq};
    return {result: 0, out: {status: status.status, vcpu: status.vcpu, u}};
  }),
  [abi.EVTCHNOP_alloc_unbound]: command(abi.evtchn_alloc_unbound, ({xen, domain}, arg) =>
    answer('port', xen.eventChannels.allocUnbound(domain, arg.dom, arg.remote_dom)),
  ),
  [abi.EVTCHNOP_bind_ipi]: command(abi.evtchn_bind_ipi, ({xen, domain}, {vcpu}) =>
    answer('port', xen.eventChannels.bindIpi(domain, vcpu)),
  ),
  [abi.EVTCHNOP_bind_vcpu]: command(abi.evtchn_bind_vcpu, ({xen, domain}, {port, vcpu}) =>
    xen.eventChannels.bindVcpu(domain, port, vcpu),
  ),
  [abi.EVTCHNOP_unmask]: command(abi.evtchn_unmask, ({xen, domain}, {port}) => xen.eventChannels.unmask(domain, port)),
  [abi.EVTCHNOP_reset]: command(abi.evtchn_reset, ({xen, domain}, {dom}) => xen.eventChannels.reset(domain, dom)),
  [abi.EVTCHNOP_init_control]: command(abi.evtchn_init_control, ({xen, domain}, {control_gfn, offset, vcpu}) =>
    offset >= PAGE_SIZE || !domain.memory.isPopulated(control_gfn)
      ? -EINVAL
      : answer('link_bits', xen.eventChannels.initControl(domain, control_gfn * PAGE_SIZE + offset, vcpu)),
  ),
  [abi.EVTCHNOP_set_priority]: command(abi.evtchn_set_priority, ({xen, domain}, {port, priority}) =>
    xen.eventChannels.setPriority(domain, port, priority),
  ),
  [abi.EVTCHNOP_expand_array]: command(abi.evtchn_expand_array, ({xen, domain}, {array_gfn}) =>
    xen.eventChannels.expandArray(domain, array_gfn),
  ),
});
