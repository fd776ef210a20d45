import {blockBackend} from '../../../backends/block/index.ts';
import {blockFrontend} from '../../../frontends/block/index.ts';
import type {XenbusDriver} from '../../../hypervisor/xenbus/index.ts';
import {ownToolstack} from './own-toolstack.ts';
import {type DriverHost, type DriverSubject, driverSubjects, type Iut} from './iut.ts';

const drivers: Readonly<Record<DriverSubject, (host: DriverHost) => XenbusDriver>> = {
  'frontend/vbd': ({onDevice, ringStart}) => blockFrontend(onDevice, {ringStart}),
  'backend/vbd': ({openStorage}) => blockBackend({open: openStorage}),
};

/** All that is of this project. */
export const ownImplementation: Iut = {
  name: 'pvsim',
  subjects: [...driverSubjects, 'xenstored', 'hypervisor', 'toolstack'],
  driver: (subject, host) => drivers[subject](host),
  connectStore: (rig, domid) => rig.store.connectInProcess(domid),
  toolstack: ownToolstack,
};
