import {concat, distinctUntilChanged, map, merge, mergeMap, type Observable, of} from 'rxjs';
import type {DomainEvent} from '../../hypervisor/index.ts';
import {stateName} from '../../hypervisor/xenbus/index.ts';
import type {Host, HostBusEvent} from './api.ts';

/** What happens on a host as lines to read: the lives of domains, and from level 2 on the states of devices. */
export const eventLines = (
  host: Pick<Host, 'domainEvents' | 'xenbusEvents' | 'log'>,
  level: number,
): Observable<string> => {
  const lives = merge(host.domainEvents.pipe(map(lifeLine)), host.log);
  return level < 2 ? lives : merge(lives, host.xenbusEvents.pipe(mergeMap(deviceLines)));
};

const lifeLine = ({type, domid, info}: DomainEvent): string =>
  `domain ${domid}: ${type}${type === 'shutdown' ? `, reason ${info.shutdownReason}` : ''}`;

const deviceLines = ({type, domid, device}: HostBusEvent): Observable<string> => {
  const name = `domain ${domid}: ${device.path}`;
  if (type === 'removed') return of(`${name} removed`);
  const states = device.states.pipe(
    distinctUntilChanged(),
    map((state) => `${name} ${stateName(state)}`),
  );
  return concat(of(`${name} added`), states);
};
