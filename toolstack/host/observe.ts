import {Observable} from 'rxjs';
import {BlockBackend, type BlockStatistics} from '../../backends/block/index.ts';
import {NetBackend, type VifStats} from '../../backends/net/index.ts';
import type {Domain, DomId} from '../../hypervisor/index.ts';
import type {Schedule, Timer} from '../../hypervisor/schedule/index.ts';
import {ProgramVcpu} from '../../hypervisor/vcpu/index.ts';
import type {DriverInstance} from '../../hypervisor/xenbus/index.ts';

/** Counters of one domain and of the backends that serve it, all since its start. */
export interface DomainStatistics {
  /** Host time. */
  timeNs: number;
  domid: DomId;
  cpuTimeNs: number;
  /** Of all its vCPUs. */
  upcalls: number;
  /** By the name of the node: "backend/vbd/1/51712". */
  disks: Readonly<Record<string, Readonly<BlockStatistics>>>;
  /** "backend/vif/1/0" */
  vifs: Readonly<Record<string, Readonly<VifStats>>>;
}

export const sample = (
  timeNs: number,
  {id, cpuTimeNs, vcpus}: Domain,
  backends: readonly (readonly [path: string, DriverInstance | undefined])[],
): DomainStatistics => {
  const disks: Record<string, Readonly<BlockStatistics>> = {};
  const vifs: Record<string, Readonly<VifStats>> = {};
  for (const [path, backend] of backends) {
    if (backend instanceof BlockBackend) disks[path] = backend.stats();
    else if (backend instanceof NetBackend) vifs[path] = backend.stats();
  }
  const upcalls = vcpus.reduce((sum, vcpu) => sum + vcpu.upcalls, 0);
  return {timeNs, domid: id, cpuTimeNs, upcalls, disks, vifs};
};

/** What `look` sees now and every `periodNs` of host time, until it sees nothing. */
export const periodically = <T>(clock: Schedule, periodNs: number, look: () => T | undefined): Observable<T> =>
  new Observable((subscriber) => {
    let timer: Timer | undefined;
    const tick = (): void => {
      const seen = look();
      if (seen === undefined) return subscriber.complete();
      timer = clock.after(periodNs, tick);
      subscriber.next(seen);
    };
    tick();
    return () => timer?.cancel();
  });

/** One emission for each upcall that finds the port pending; completes when the port is closed. */
export const upcallsOf = (domain: Domain, port: number): Observable<void> =>
  new Observable((subscriber) => {
    const vcpu = domain.vcpus[domain.ports.get(port)?.vcpu ?? 0];
    if (!(vcpu instanceof ProgramVcpu)) return subscriber.complete();
    // Not the domain's own Observable: what an observer throws is no fault of the domain.
    return vcpu.events(port).subscribe({next: () => subscriber.next(), complete: () => subscriber.complete()});
  });
