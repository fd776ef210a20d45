import {blockBackend} from '../../../backends/block/index.ts';
import {blockFrontend} from '../../../frontends/block/index.ts';
import type {XenbusDriver} from '../../../hypervisor/xenbus/index.ts';
import {type DriverHost, type Iut, type Subject, subjects} from './iut.ts';

const drivers: Readonly<Record<Subject, (host: DriverHost) => XenbusDriver>> = {
  'frontend/vbd': ({onDevice, ringStart}) => blockFrontend(onDevice, {ringStart}),
  'backend/vbd': ({openStorage}) => blockBackend({open: openStorage}),
};

/** The drivers of this project. */
export const ownDrivers: Iut = {name: 'pvsim', subjects, driver: (subject, host) => drivers[subject](host)};
