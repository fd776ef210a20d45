import type {DomainConfig, DomainConfigOptions} from './domain-config.ts';
import {generateMac} from './identity.ts';

/** Memory of a domain that asks for none. @see libxl_create.c's defaults: 32 MiB */
const DEFAULT_MEMORY_KIB = 32 * 1024;

/** A configuration with everything that building a domain needs. */
export type CompleteDomainConfig = DomainConfig &
  Required<Pick<DomainConfig, 'memoryKib' | 'maxMemoryKib' | 'vcpus' | 'maxVcpus'>>;

/**
 * Fills in what libxl fills in before it builds a domain: memory, vCPUs, and a MAC for every interface. Bridges,
 * scripts and backends stay open, as in the configuration that xl list -l shows.
 */
export const withDomainDefaults = (
  config: DomainConfig,
  {random}: Pick<DomainConfigOptions, 'random'>,
): CompleteDomainConfig => {
  const maxMemoryKib = config.maxMemoryKib ?? config.memoryKib ?? DEFAULT_MEMORY_KIB;
  return {
    ...config,
    maxMemoryKib,
    memoryKib: config.memoryKib ?? maxMemoryKib,
    maxVcpus: config.maxVcpus || 1,
    vcpus: config.vcpus || 1,
    vifs: config.vifs.map((vif, index) => ({...vif, devid: vif.devid ?? index, mac: vif.mac ?? generateMac(random)})),
  };
};

/** What libxl takes for an interface that does not say. @see xl-network-configuration(5) */
export const VIF_DEFAULTS = {bridge: 'xenbr0', script: '/etc/xen/scripts/vif-bridge', mtu: 1500} as const;
