// A folder with a right and a wrong configuration, for the commands that only read.

import { Place } from './place.ts'

const right = `E{
  SS=5
  Peer "10.0.0.0/8"{SS=4}
  Peer "0.0.0.0/0"{SS=2}
  Listen ":25"{}
}`

const wrong = `E{
  SS=many
  Listen ":25"{}
  Serivce_Sessions = 3
}`

/** `postern.conf` is right, `broken.conf` has two mistakes. */
export async function twoConfigurations(): Promise<Place> {
  const place = new Place({ upstream: '127.0.0.1:2500' })
  await place.writeConfig('postern.conf', right)
  await place.writeConfig('broken.conf', wrong)
  return place
}
