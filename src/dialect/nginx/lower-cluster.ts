// `cluster` of the main block: the store behind the limits that count over all nodes.

import { clusterWithAbsolutePaths } from '../../policy/absolute-paths.ts'
import type { Policy } from '../../policy/policy.ts'
import type { BlockView } from './block-view.ts'
import { spanOf } from './draft.ts'
import type { Lowering } from './draft.ts'

/** Files are seen from the directory of the configuration, as those of `ssl_certificate` are. */
export function lowerCluster(main: BlockView, { directory }: Lowering): Pick<Policy, 'cluster'> {
  const found = main.last('cluster')
  if (found?.value.kind !== 'cluster') return {}
  const cluster = { ...found.value.cluster, span: spanOf(found) }
  return { cluster: clusterWithAbsolutePaths(cluster, directory) }
}
