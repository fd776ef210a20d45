import {blockBackend} from '../../../backends/block/index.ts';
import {netBackend} from '../../../backends/net/index.ts';
import {scsiBackend} from '../../../backends/scsi/index.ts';
import {blockFrontend} from '../../../frontends/block/index.ts';
import {netFrontend} from '../../../frontends/net/index.ts';
import {scsiFrontend} from '../../../frontends/scsi/index.ts';
import type {XenbusDriver} from '../../../hypervisor/xenbus/index.ts';
import {GuestRing} from '../../../hypervisor/xenstore/index.ts';
import {ownConsoles} from './own-console.ts';
import {ownToolstack} from './own-toolstack.ts';
import {type DriverHost, type DriverSubject, driverSubjects, type Iut} from './iut.ts';
import {openOwnStore} from './own-store.ts';

const drivers: Readonly<Record<DriverSubject, (host: DriverHost) => XenbusDriver>> = {
  'frontend/vbd': ({onDevice, ringStart}) => blockFrontend(onDevice, {ringStart}),
  'backend/vbd': ({openStorage}) => blockBackend({open: openStorage}),
  'frontend/vif': ({onDevice}) => netFrontend(onDevice),
  'backend/vif': ({networks}) => netBackend({networks}),
  'frontend/vscsi': ({onDevice, ringStart}) => scsiFrontend(onDevice, {ringStart}),
  'backend/vscsi': ({openUnit}) => scsiBackend(openUnit),
};

/** All that is of this project. */
export const ownImplementation: Iut = {
  name: 'pvsim',
  subjects: [
    ...driverSubjects,
    'frontend/console',
    'backend/console',
    'frontend/store',
    'xenstored',
    'hypervisor',
    'toolstack',
  ],
  driver: (subject, host) => drivers[subject](host),
  openStore: openOwnStore,
  openStoreClient: (page, notify) => new GuestRing({page, notify}),
  consoles: ownConsoles,
  toolstack: ownToolstack,
};
