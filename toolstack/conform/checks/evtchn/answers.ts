import {inHypervisor, instead} from '../../mutants/host.ts';
import type {HypervisorStand} from '../../stand/hypervisor.ts';

/** Results of calls, each with what is due. */
export const mustAnswer = (stand: HypervisorStand, cases: readonly (readonly [string, number, number])[]): void => {
  for (const [what, seen, due] of cases) stand.must(seen === due, `${what}: ${seen}`, `${what}: ${due}`);
};

export const bindsOthersPorts = inHypervisor('binds a port that is reserved for another domain', (xen) =>
  instead(xen.eventChannels, 'bindInterdomain', (real, caller, domid, port) => {
    const channel = xen.domain(domid)?.ports.get(port);
    if (channel?.kind === 'unbound') channel.remoteDomid = caller.id;
    return real(caller, domid, port);
  }),
);
