import type {Caller, HypervisorStand} from '../../stand/hypervisor.ts';
import {DOMID_SELF, event_channel_op, type EVTCHNOP} from './numbers.ts';

/** Two guests, and a channel between them. */
export interface Pair {
  readonly a: Caller;
  readonly b: Caller;
  readonly port: number;
  /** b's end. */
  readonly theirs: number;
}

/** Ends start masked, as a kernel has them. */
export const connectPair = async (stand: HypervisorStand, vcpus = 1): Promise<Pair> => {
  const [a, b] = [await stand.guest({vcpus}), await stand.guest()];
  const port = a.ops.evtchnAllocUnbound(b.domid);
  const theirs = b.ops.evtchnBindInterdomain(a.domid, port);
  if (port < 1 || theirs < 1) stand.inconclusive(`ports ${port} and ${theirs}`);
  return {a, b, port, theirs};
};

/** Status of a port as it is: closed ones have no peer. */
export const statusOf = (caller: Caller, port: number): {status: number; vcpu: number; dom: number; port: number} => {
  const answer = caller.ops.evtchnStatus(DOMID_SELF, port);
  if (typeof answer === 'number') return {status: answer, vcpu: 0, dom: 0, port: 0};
  return {status: answer.status, vcpu: answer.vcpu, dom: answer.remoteDomid ?? 0, port: answer.remotePort ?? 0};
};

/** A call whose struct is one or two words. */
export const portCall = (
  stand: HypervisorStand,
  caller: Caller,
  cmd: (typeof EVTCHNOP)[keyof typeof EVTCHNOP],
  ...words: readonly number[]
): number => stand.call(caller, event_channel_op, cmd, words).result;
