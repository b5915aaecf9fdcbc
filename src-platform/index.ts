export { BusServices, type WatchedService } from './dbus/bus-services.ts';
export type { BusMessage, BusValue, BusVariant } from './dbus/message.ts';
export type { BusConnection } from './dbus/system-bus.ts';
export { ControlGroups, findGroupRoot, listGroups, ownGroupPrefix } from './apps/control-groups.ts';
export { GroupWatch } from './apps/group-watch.ts';
export { executableOf, isInOwnNetwork, listProcesses } from './apps/processes.ts';
export { BoxAnnouncer, type BoxAnnouncerOptions } from './discovery/box-announcer.ts';
export type { AnnouncedLink } from './discovery/box-responder.ts';
export { browseBoxes, type BoxBrowsing, type BrowseOptions } from './discovery/browse-boxes.ts';
export type { FoundEndpoint } from './discovery/found-boxes.ts';
export { isLinkLocal6, isPrivateAddress, Neighbours, type DiscoveryLink } from './discovery/local-network.ts';
export type { BoxService } from './discovery/service.ts';
export { exec, ExecError, parseJsonOutput, type Exec, type ExecOptions } from './exec.ts';
export {
  JournalError,
  readProcessIdentity,
  readProcessStart,
  revertLeftovers,
  SystemJournal,
  type RevertReport,
} from './journal/system-journal.ts';
export type { JournalEntry } from './journal/entry.ts';
export type { UndoContext, UndoOutcome } from './journal/undo.ts';
export { interfaceDetailsFrom, type LinkSelection } from './links/classify-link.ts';
export { LinkMonitor, type LinkMonitorOptions } from './links/link-monitor.ts';
export {
  isConnected,
  type LinkAddress,
  type LinkChange,
  type LinkDelta,
  type LinkSnapshot,
} from './links/link-snapshot.ts';
export { linkSysctls } from './links/link-tuning.ts';
export { machineFacts, type AccessFacts, type MachineFacts } from './machine-facts.ts';
export { NetworkManagerWatch, type NetworkManagerFacts } from './network-manager/network-manager.ts';
export { checkPortal, type PortalVerdict } from './portal/portal-check.ts';
export { PowerSave } from './wifi/power-save.ts';
export type { NeighbourEvent } from '../src-native/lib/netlink-types.ts';
export { SleepWatch } from './clock/sleep-watch.ts';
export { askAddresses, type AskAddresses } from './names/ask-addresses.ts';
export { askServer, type AskServer } from './names/ask-server.ts';
export { NameTap, type NameAnswer } from './names/name-tap.ts';
export { nameServersIn } from './names/resolv-conf.ts';
export { Resolved, RESOLVED } from './names/resolved.ts';
export { HostWays } from './routes/host-ways.ts';
export { BoxNat, type DesiredNat } from './routes/box-nat.ts';
export { LaptopRoutes, RoutesError, type Ipv6Outcome } from './routes/laptop-routes.ts';
export { RouteGuard, type Requester } from './routes/route-guard.ts';
export type { DesiredRoutes } from './routes/route-facts.ts';
export { LAST_RULE_PRIORITY, LINK_TABLES } from './routes/constants.ts';
export {
  WAY_MARK_MASK,
  type DesiredWays,
  type DestinationWay,
  type DomainWays,
  type HostWay,
  type LinkTable,
  type Way,
} from './routes/rule-ways.ts';
export { isOfUserRules, WayKeeper } from './routes/way-keeper.ts';
export { listDefaultRoutes, listRulesBeforeOurs, lookUpWayOut } from './routes/route-lookup.ts';
export { StorageError, type FileOperations, type StagedFile } from './storage/atomic-file.ts';
export { JsonFile, makeStateDir } from './storage/json-file.ts';
export { SegmentFolder } from './storage/segment-folder.ts';
export {
  decodePublicKey,
  fingerprintOf,
  loadOrCreateStaticKey,
  type StaticKey,
} from './storage/static-key.ts';
export { sysctlFiles, Sysctls, type SysctlFiles, type SysctlReport } from './sysctl.ts';
