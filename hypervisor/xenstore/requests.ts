import {control} from './control-requests.ts';
import {
  getDomainPath,
  introduce,
  isDomainIntroduced,
  release,
  resume,
  setTarget,
  type DomainControl,
} from './domain-requests.ts';
import {directory, directoryPart, getPerms, mkdir, read, rm, setPerms, write} from './node-requests.ts';
import {getFeature, setFeature} from './feature-requests.ts';
import {getQuota, setQuota} from './quota-requests.ts';
import type {Reply, Request} from './request.ts';
import {transactionEnd, transactionStart} from './transaction-requests.ts';
import {resetWatches, unwatch, watch} from './watch-requests.ts';
import {XS} from './wire.ts';

export interface RequestType {
  readonly name: string;
  handle(request: Request, control: DomainControl): Reply;
  /** For dom0 only. */
  readonly privileged?: true;
  /** The transaction id is not even looked up. */
  readonly ignoresTransaction?: true;
  /** Newer than the profile c-4.17. */
  readonly isNew?: true;
}

/** By type; a type that is not here is no request. */
export const REQUESTS: readonly (RequestType | undefined)[] = Object.assign([] as (RequestType | undefined)[], {
  [XS.CONTROL]: {name: 'CONTROL', handle: control, privileged: true},
  [XS.DIRECTORY]: {name: 'DIRECTORY', handle: directory},
  [XS.READ]: {name: 'READ', handle: read},
  [XS.GET_PERMS]: {name: 'GET_PERMS', handle: getPerms},
  [XS.WATCH]: {name: 'WATCH', handle: watch, ignoresTransaction: true},
  [XS.UNWATCH]: {name: 'UNWATCH', handle: unwatch, ignoresTransaction: true},
  [XS.TRANSACTION_START]: {name: 'TRANSACTION_START', handle: transactionStart},
  [XS.TRANSACTION_END]: {name: 'TRANSACTION_END', handle: transactionEnd},
  [XS.INTRODUCE]: {name: 'INTRODUCE', handle: introduce, privileged: true},
  [XS.RELEASE]: {name: 'RELEASE', handle: release, privileged: true},
  [XS.GET_DOMAIN_PATH]: {name: 'GET_DOMAIN_PATH', handle: getDomainPath},
  [XS.WRITE]: {name: 'WRITE', handle: write},
  [XS.MKDIR]: {name: 'MKDIR', handle: mkdir},
  [XS.RM]: {name: 'RM', handle: rm},
  [XS.SET_PERMS]: {name: 'SET_PERMS', handle: setPerms},
  [XS.IS_DOMAIN_INTRODUCED]: {name: 'IS_DOMAIN_INTRODUCED', handle: isDomainIntroduced, privileged: true},
  [XS.RESUME]: {name: 'RESUME', handle: resume, privileged: true},
  [XS.SET_TARGET]: {name: 'SET_TARGET', handle: setTarget, privileged: true},
  [XS.RESET_WATCHES]: {name: 'RESET_WATCHES', handle: resetWatches},
  [XS.DIRECTORY_PART]: {name: 'DIRECTORY_PART', handle: directoryPart},
  [XS.GET_FEATURE]: {name: 'GET_FEATURE', handle: getFeature, isNew: true},
  [XS.SET_FEATURE]: {name: 'SET_FEATURE', handle: setFeature, privileged: true, isNew: true},
  [XS.GET_QUOTA]: {name: 'GET_QUOTA', handle: getQuota, privileged: true, isNew: true},
  [XS.SET_QUOTA]: {name: 'SET_QUOTA', handle: setQuota, privileged: true, isNew: true},
} satisfies Record<number, RequestType>);
