export {type NatGuest, NatNetwork, type NatNetworkOptions} from './nat-network.ts';
