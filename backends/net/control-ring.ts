import type {Subscription} from 'rxjs';
import {xen_netif_ctrl_ring} from '../../hypervisor/abi/io/netif.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import type {ControlRequests} from './control-requests.ts';
import type {ControlNodes} from './frontend-nodes.ts';
import {bindPort, MappedRing} from './mapped-ring.ts';
import type {Fault} from './tx-packet.ts';

/** The control ring of a guest: takes requests, and answers each as it comes. @see netif.h, "Control ring" */
export class ControlRing {
  private readonly ops: HypervisorOps;
  private readonly requests: ControlRequests;
  private readonly onFault: (fault: Fault) => void;
  private readonly mapped: MappedRing;
  private readonly port: number;
  private readonly request: Uint32Array;
  private readonly response: Uint32Array;
  private subscription: Subscription | undefined;

  /** DeviceError when the guest's reference or port is not good; nothing stays held then. */
  constructor(
    ops: HypervisorOps,
    domid: number,
    {ringRef, port}: ControlNodes,
    requests: ControlRequests,
    onFault: (fault: Fault) => void,
  ) {
    this.ops = ops;
    this.requests = requests;
    this.onFault = onFault;
    this.mapped = new MappedRing(ops, domid, ringRef, xen_netif_ctrl_ring);
    try {
      this.port = bindPort(ops, domid, port);
    } catch (error) {
      this.mapped.close();
      throw error;
    }
    const {requestWords, responseWords} = this.mapped.ring.shared;
    this.request = new Uint32Array(requestWords);
    this.response = new Uint32Array(responseWords);
  }

  listen(): void {
    this.subscription = this.ops.events(this.port).subscribe(this.drain);
  }

  close(): void {
    this.subscription?.unsubscribe();
    this.ops.evtchnClose(this.port);
    this.mapped.close();
  }

  private readonly drain = (): void => {
    this.mapped.follow();
    const {ring} = this.mapped;
    do {
      const {reqProd} = ring.shared;
      if (ring.requestProdOverflow(reqProd)) return this.onFault('more control requests than the ring holds');
      for (let left = ring.unconsumedRequests(reqProd); left > 0; left--) {
        ring.takeRequest(this.request);
        this.requests.answer(this.request, this.response);
        ring.putResponse(this.response);
      }
      if (ring.pushResponsesAndCheckNotify()) this.ops.evtchnSend(this.port);
    } while (ring.finalCheckForRequests() > 0);
  };
}
