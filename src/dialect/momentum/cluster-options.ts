// The options of Cluster, and those with which a Limit_Conn_Zone counts over all nodes.

import {
  clusterBlock,
  clusterDatabase,
  clusterLease,
  clusterName,
  clusterServers,
  clusterShare,
  passwordFile,
  passwordVariable,
  whenAway,
} from './cluster-values.ts'
import { zoneCluster } from './limit-values.ts'
import { eitherOf, ofCluster, ofServers, ofZone } from './option-spec.ts'
import type { OptionSpec } from './option-spec.ts'
import { flag, textType } from './values.ts'

export const clusterOptions: readonly OptionSpec[] = [
  ofServers('Server', clusterServers),
  ofCluster('Sentinel', 'sentinel', textType('what sentinels call the store', '"mymaster"')),
  ofCluster('Redis_Cluster', 'isRedisCluster', flag),
  ofCluster('Name', 'name', clusterName),
  ofCluster('Node', 'node', clusterName),
  ofCluster('Lease', 'leaseMs', clusterLease),
  eitherOf(ofCluster('When_Away', 'whenAway', whenAway), ofZone('When_Away', 'whenAway', whenAway)),
  ofCluster('Share', 'share', clusterShare),
  ofCluster('Database', 'database', clusterDatabase),
  ofCluster('User', 'user', textType('the name of a user', '"postern"')),
  ofCluster('Password_File', 'password', passwordFile),
  ofCluster('Password_Env', 'password', passwordVariable),
  ofCluster('Sentinel_User', 'sentinelUser', textType('the name of a user', '"postern"')),
  ofCluster('Sentinel_Password_File', 'sentinelPassword', passwordFile),
  ofCluster('Sentinel_Password_Env', 'sentinelPassword', passwordVariable),
  ofCluster('Server_TLS_CA', 'tlsCa', textType('a path', '"tls/ca.pem"')),
  ofCluster('Server_TLS_Certificate', 'tlsCertificate', textType('a path', '"tls/gate.pem"')),
  ofCluster('Server_TLS_Key', 'tlsKey', textType('a path', '"tls/gate.key"')),
  ofCluster('Server_TLS_Name', 'tlsName', textType('a host name', '"store.example.net"')),
  ofCluster('Server_TLS_Verify', 'tlsVerify', flag),
  {
    ...ofZone('Cluster', 'isCluster', zoneCluster),
    refusal: {
      scope: 'global',
      reason: 'the store is a scope, as in Cluster { Server = "redis://host" }',
    },
  },
  ofZone('Block', 'block', clusterBlock),
]
