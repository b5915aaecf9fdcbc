export { controlAccess, includesRight, localControlAccess, type ControlAccess } from './access.ts';
export { ControlClient, type Subscription, type SubscriptionListener } from './client.ts';
export { ControlConnection, type ConnectOptions } from './connection.ts';
export { ControlSocketError, type PeerCredentials, type ReadPeerCredentials } from './peer.ts';
export { ControlServer, type ControlNotice, type ControlServerOptions } from './server.ts';
