import {Random} from '../../hypervisor/schedule/index.ts';
import {
  allFaults,
  type Fault,
  type FaultProfileName,
  faultProfiles,
  frameFaults,
  maxRates,
  type Profile,
  type ProfileName,
  profiles,
  type Rates,
} from './profiles.ts';

export const workloadKinds = ['disk', 'store', 'net'] as const;
export type WorkloadKind = (typeof workloadKinds)[number];

export const disturbanceKinds = ['restart-backends', 'resume', 'reload', 'replug', 'destroy'] as const;

export interface GuestPlan {
  /** 1, 2, ...: what it is called in cuts, and whose random numbers its workloads draw. */
  readonly number: number;
  readonly workloads: readonly WorkloadKind[];
}

/** Something drastic at a time. */
export interface Disturbance {
  readonly number: number;
  readonly kind: (typeof disturbanceKinds)[number];
  /** Whom it befalls: 0..1 of the guests. */
  readonly victim: number;
  /** From the moment at which all devices are connected. */
  readonly atNs: number;
}

/** All that a run is made from. Everything else is drawn from the seed, each part from a stream of its own. */
export interface Plan {
  readonly seed: number;
  readonly profile: Profile;
  readonly rates: Rates;
  readonly guests: readonly GuestPlan[];
  readonly disturbances: readonly Disturbance[];
  /** Calls of each workload. */
  readonly operations: number;
}

export interface PlanOptions {
  readonly profile: ProfileName;
  readonly faults: FaultProfileName;
}

const MAX_DISTURBED_NS = 5e6;
const hostFaults = allFaults.filter((fault) => !frameFaults.includes(fault));

/** Streams of random numbers of one seed: what is cut from a plan does not change what the rest draws. */
export const streams = {plan: 0, backends: 1, order: 2, lines: 3, guest: 16} as const;

export const streamOf = (seed: number, stream: number): Random => new Random((seed >>> 0) + stream * 2 ** 32);

/** Each is left out of every second run: what fails all the time hides what fails now and then. */
const drawRates = (random: Random, drawn: readonly Fault[], faults: readonly Fault[]): Partial<Rates> => {
  const rates: Partial<Rates> = {};
  for (const fault of drawn) {
    const rate = random.chance(0.5) ? (random.u32() / 2 ** 32) * maxRates[fault] : 0;
    rates[fault] = faults.includes(fault) ? rate : 0;
  }
  return rates;
};

const drawWorkloads = (random: Random): readonly WorkloadKind[] => {
  const drawn = workloadKinds.filter(() => random.chance(0.6));
  return drawn.length === 0 ? [workloadKinds[random.below(workloadKinds.length)]] : drawn;
};

/** What a seed stands for. */
export const drawPlan = (seed: number, {profile: profileName, faults}: PlanOptions): Plan => {
  const random = streamOf(seed, streams.plan);
  const profile: Profile = profiles[profileName];
  const allowed = faultProfiles[faults].faults;
  const rates = drawRates(random, hostFaults, allowed);
  const [least, most] = profile.guests;
  const guests = Array.from({length: least + random.below(most - least + 1)}, (_, i) => ({
    number: i + 1,
    workloads: profile.workloads ?? drawWorkloads(random),
  }));
  const count = random.chance(0.5) ? random.below(profile.disturbances + 1) : 0;
  const disturbances = Array.from({length: count}, (_, i) => ({
    number: i + 1,
    kind: disturbanceKinds[random.below(disturbanceKinds.length)],
    victim: random.u32() / 2 ** 32,
    atNs: random.below(MAX_DISTURBED_NS),
  }));
  const operations = 1 + random.below(profile.operations);
  return {
    seed,
    profile,
    rates: {...rates, ...drawRates(random, frameFaults, allowed)} as Rates,
    guests,
    disturbances: faultProfiles[faults].disturbs ? disturbances : [],
    operations,
  };
};
