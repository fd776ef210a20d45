import type {Domain, Hypervisor} from '../../../hypervisor/index.ts';
import type {Hook} from '../seam/layer.ts';
import type {Mutant} from './mutant.ts';

type Call = (...args: unknown[]) => unknown;

/** Puts a fault in the way of a method: the real one comes first. */
export const instead = <T extends object, K extends keyof T>(target: T, name: K, hook: Hook<T[K]>): void => {
  const real = (target[name] as Call).bind(target);
  target[name] = ((...args: unknown[]) => (hook as Call)(real, ...args)) as T[K];
};

/** A fault of the hypervisor. */
export const inHypervisor = (name: string, host: (xen: Hypervisor) => void): Mutant => ({name, layer: () => ({host})});

/** A fault of what the hypervisor keeps for each domain. */
export const inEachDomain = (name: string, change: (domain: Domain) => void): Mutant =>
  inHypervisor(name, (xen) => {
    for (const domain of xen.allDomains()) change(domain);
    instead(xen, 'createDomain', (real, options) => {
      const domain = real(options);
      if (typeof domain !== 'number') change(domain);
      return domain;
    });
  });
