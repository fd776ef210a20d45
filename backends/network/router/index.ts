export {Router} from './router.ts';
export type {RouterInterface} from './router-interface.ts';
export {contains, parseAddress, parseSubnet, type Subnet} from './subnet.ts';
