import type {EventChannels, EventWords} from '../../../hypervisor/event-channel/index.ts';
import type {Domain} from '../../../hypervisor/index.ts';
import type {Hook} from '../seam/layer.ts';
import {inEachDomain, inHypervisor, instead} from './host.ts';
import type {Mutant} from './mutant.ts';

type Operation =
  | 'allocUnbound'
  | 'bindInterdomain'
  | 'bindVirq'
  | 'bindVcpu'
  | 'send'
  | 'unmask'
  | 'close'
  | 'status'
  | 'initControl'
  | 'expandArray'
  | 'reset';

/** A fault of one event channel operation. */
export const inEvents = <K extends Operation>(name: string, operation: K, hook: Hook<EventChannels[K]>): Mutant =>
  inHypervisor(name, ({eventChannels}) => instead(eventChannels, operation, hook));

/** One answer in place of another. */
export const eventAnswers = (operation: Exclude<Operation, 'status'>, due: number, other: number): Mutant =>
  inHypervisor(`${operation} answers ${other} where ${due} is due`, ({eventChannels}) =>
    instead(eventChannels, operation, ((real: (...args: unknown[]) => number, ...args: unknown[]) => {
      const result = real(...args);
      return result === due ? other : result;
    }) as never),
  );

/** A fault in what happens to a domain's words. Those that it changes to later have it, too. */
export const inWords = <K extends 'setPending' | 'clearPending' | 'clearMask' | 'isMasked' | 'raise' | 'takePending'>(
  name: string,
  operation: K,
  hook: (domain: Domain, ...args: Parameters<Hook<EventWords[K]>>) => ReturnType<EventWords[K]>,
): Mutant =>
  inEachDomain(name, (domain) => {
    const patch = (events: EventWords): EventWords => {
      instead(events, operation, ((...args: unknown[]) =>
        (hook as (...all: unknown[]) => unknown)(domain, ...args)) as never);
      return events;
    };
    let current = patch(domain.events);
    Object.defineProperty(domain, 'events', {
      get: () => current,
      set: (next: EventWords) => {
        current = patch(next);
      },
    });
  });

export const dropsEvents = inWords('does not set the pending bit', 'setPending', () => false);

export const upcallsAgain = inWords(
  'makes an upcall for an event that is pending',
  'setPending',
  (_domain, real, port) => {
    real(port);
    return true;
  },
);

export const ignoresMasks = inWords('does not look at the mask', 'isMasked', () => false);

export const keepsQuiet = inWords('does not tell the vCPU', 'raise', (_domain, real, vcpu, port) => {
  real(vcpu, port);
  return false;
});

export const tellsVcpu0 = inWords('tells vCPU 0 whatever is bound', 'raise', (_domain, real, _vcpu, port) =>
  real(0, port),
);

export const noUnmaskDelivery = inEvents('does not look for events at unmask', 'unmask', (_real, caller, port) => {
  if (caller.ports.get(port) === undefined) return -22;
  caller.events.clearMask(port);
  return 0;
});

/** Leaves the pending bit to the handler. */
export const clearsAfterHandler = inWords(
  'clears the pending bit after the handler',
  'takePending',
  (domain, real, vcpu, handle) =>
    real(vcpu, (port) => {
      domain.events.setPending(port);
      handle(port);
      domain.events.clearPending(port);
    }),
);
