/** Where requests of a closed system ask for service. */
export interface Station {
  readonly name: string;
  /** What one request asks of it from its beginning to its end, ns. */
  readonly demandNs: number;
  /** Requests that it serves at a time, 1 or more; Infinity: nobody waits for another there. */
  readonly servers: number;
  /**
   * CPUs that may want it at once, 1 by default, of a lock that does not scale: a request takes so many times longer as
   * there are CPUs, at most these, that have it or wait for it.
   * @see Boyd-Wickizer et al., "Non-scalable locks are dangerous", OLS 2012
   */
  readonly contenders?: number;
}

export interface StationLoad extends Station {
  /** The part of its servers that is busy, 0..1; 0 where there are as many as anyone wants. */
  readonly utilization: number;
  /** Requests that are there on average, those being served included. */
  readonly requests: number;
  /** Time that a request spends there, waiting included. */
  readonly residenceNs: number;
}

export interface NetworkLoad {
  readonly throughputPerSec: number;
  /** Mean time of a request from end to end. */
  readonly latencyNs: number;
  readonly stations: readonly StationLoad[];
}

/** Requests under way at most: the time to solve a network grows with the square. */
export const MAX_REQUESTS = 4096;

/**
 * A closed queueing network with `requests` under way at all times, 1..MAX_REQUESTS, solved exactly. It has the solution
 * that mean value analysis has; the convolution of normalising constants gives it for stations of several servers without
 * that recursion's loss of digits.
 * @see Buzen, "Computational algorithms for closed queueing networks with exponential servers", CACM 1973
 */
export const solveNetwork = (stations: readonly Station[], requests: number): NetworkLoad => {
  if (!Number.isInteger(requests) || requests < 1 || requests > MAX_REQUESTS)
    throw new RangeError(`${requests} requests under way: 1..${MAX_REQUESTS}`);
  const asked = stations.filter(({demandNs}) => demandNs > 0);
  if (asked.length === 0) throw new RangeError('no station has anything to do');
  // A unit of time in which about one request ends keeps the constants near 1.
  const unitNs = 1 / throughputBound(asked, requests);
  const weights = stations.map((station) => weightsOf(station, unitNs, requests));
  const all = weights.reduce(convolve);
  const perUnit = all[requests - 1] / all[requests];
  const perNs = perUnit / unitNs;
  return {
    throughputPerSec: perNs * 1e9,
    latencyNs: requests / perNs,
    stations: stations.map((station, i) => {
      const here = requestsAt(weights, i, requests) / all[requests];
      const utilization = (perNs * station.demandNs) / station.servers;
      return {...station, utilization, requests: here, residenceNs: here / perNs};
    }),
  };
};

/** What a request asks of a station where all are that may be. */
export const busyDemandNs = ({demandNs, servers, contenders = 1}: Station): number => (demandNs * contenders) / servers;

/** Requests a ns that no such system exceeds. */
const throughputBound = (stations: readonly Station[], requests: number): number =>
  Math.min(
    requests / stations.reduce((total, {demandNs}) => total + demandNs, 0),
    ...stations.map(({demandNs, servers}) => servers / demandNs),
  );

/** What `n` requests at a station weigh, for n of 0..requests: demand^n / (rate(1) rate(2) ... rate(n)), up to a factor. */
const weightsOf = ({demandNs, servers, contenders = 1}: Station, unitNs: number, requests: number): Float64Array => {
  const demand = demandNs / unitNs;
  const logs = new Float64Array(requests + 1);
  for (let n = 1; n <= requests; n++)
    logs[n] = logs[n - 1] + Math.log((demand * Math.min(n, contenders)) / Math.min(n, servers));
  const most = logs.reduce((a, b) => Math.max(a, b));
  return logs.map((log) => Math.exp(log - most));
};

const convolve = (a: Float64Array, b: Float64Array): Float64Array => {
  const result = new Float64Array(a.length);
  for (let n = 0; n < a.length; n++) for (let i = 0; i <= n; i++) result[n] += a[i] * b[n - i];
  return result;
};

/** The mean number at station `which`, times the normalising constant. */
const requestsAt = (weights: readonly Float64Array[], which: number, requests: number): number => {
  const others = weights.filter((_, i) => i !== which);
  if (others.length === 0) return weights[which][requests] * requests;
  const rest = others.reduce(convolve);
  let total = 0;
  for (let n = 1; n <= requests; n++) total += n * weights[which][n] * rest[requests - n];
  return total;
};
