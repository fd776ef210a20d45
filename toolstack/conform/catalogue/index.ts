import type {Clause} from './clause.ts';
import {ringClauses} from './ring.ts';
import {grantClauses} from './grant.ts';
import {evtchnClauses} from './evtchn.ts';
import {xenstoreClauses} from './xenstore.ts';
import {xenbusClauses} from './xenbus.ts';
import {blkifClauses} from './blkif.ts';
import {netifClauses} from './netif.ts';
import {consoleClauses} from './console.ts';
import {vscsiClauses} from './vscsi.ts';
import {fbifClauses} from './fbif.ts';
import {kbdifClauses} from './kbdif.ts';
import {p9fsClauses} from './p9fs.ts';
import {pvcallsClauses} from './pvcalls.ts';
import {tpmClauses} from './tpm.ts';
import {usbClauses} from './usb.ts';
import {sndClauses} from './snd.ts';
import {displClauses} from './displ.ts';
import {cameraClauses} from './camera.ts';
import {pciClauses} from './pci.ts';
import {vchanClauses} from './vchan.ts';

/** By the prefix of their ids, in the order of the catalogue. */
export const clausesByProtocol = {
  RING: ringClauses,
  GRANT: grantClauses,
  EVTCHN: evtchnClauses,
  XS: xenstoreClauses,
  XENBUS: xenbusClauses,
  BLKIF: blkifClauses,
  NETIF: netifClauses,
  CONS: consoleClauses,
  VSCSI: vscsiClauses,
  FBIF: fbifClauses,
  KBDIF: kbdifClauses,
  P9FS: p9fsClauses,
  PVCALLS: pvcallsClauses,
  TPM: tpmClauses,
  USB: usbClauses,
  SND: sndClauses,
  DISPL: displClauses,
  CAM: cameraClauses,
  PCI: pciClauses,
  VCHAN: vchanClauses,
} as const satisfies Record<string, readonly Clause[]>;

export type Protocol = keyof typeof clausesByProtocol;

export const clauses: readonly Clause[] = Object.values(clausesByProtocol).flat();

const byId = new Map(clauses.map((clause) => [clause.id, clause]));

export const clauseOf = (id: string): Clause | undefined => byId.get(id);

export const protocolOf = (id: string): Protocol => id.split('-')[0] as Protocol;

export type {Basis, Clause, ClauseSide, ImplementationProfile, Severity} from './clause.ts';
export {type Advisory, advisoryOf} from './advisories.ts';
