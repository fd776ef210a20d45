/** The catalogue of trace points: name and fields, in the order they are emitted and printed. */
export const tracePoints = {
  domain_create: ['pages', 'vcpus'],
  domain_pause: ['count'],
  domain_unpause: ['count'],
  domain_shutdown: ['reason'],
  domain_resume: [],
  domain_dying: [],
  domain_destroy: [],
  evtchn_alloc_unbound: ['port', 'remote'],
  evtchn_bind_interdomain: ['port', 'remote', 'remote_port'],
  evtchn_bind_virq: ['port', 'virq', 'vcpu'],
  evtchn_bind_ipi: ['port', 'vcpu'],
  evtchn_send: ['port', 'remote', 'remote_port'],
  evtchn_close: ['port'],
  upcall: ['vcpu', 'ports'],
  gnttab_map: ['granter', 'ref', 'flags', 'result'],
  gnttab_unmap: ['handle', 'result'],
  gnttab_copy: ['source', 'dest', 'len', 'result'],
  gnttab_transfer: ['gfn', 'to', 'ref', 'result'],
  ring_batch: ['device', 'requests', 'responses'],
  xenstore_request: ['by', 'tx', 'type', 'payload', 'reply'],
  xenbus_state: ['path', 'state'],
  device_error: ['path', 'reason'],
  fault: ['kind'],
} as const satisfies Record<string, readonly string[]>;

export type TracePoint = keyof typeof tracePoints;
