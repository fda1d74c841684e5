// Rows do not move under the hand of whoever points at them, nor under their keyboard.

import type { RefObject } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'

/** True while the pointer is on the element or the focus in it. */
export function useIsHeld(element: RefObject<HTMLElement | null>): boolean {
  const [isHeld, setHeld] = useState(false)
  useEffect(() => {
    const { current } = element
    if (current === null) return
    const look = (): void => {
      const hasFocus = current.contains(document.activeElement)
      setHeld(hasFocus || current.matches(':hover'))
    }
    // The focus has moved only when the event is over.
    const lookSoon = (): void => void setTimeout(look)
    const events = ['pointerenter', 'pointerleave', 'focusin', 'focusout'] as const
    for (const event of events) current.addEventListener(event, lookSoon)
    return () => {
      for (const event of events) current.removeEventListener(event, lookSoon)
    }
  }, [element])
  return isHeld
}

/** The order of ids, as it was when the hold began; what is new comes last. */
export function useHeldOrder<T extends { readonly id: string }>(
  items: readonly T[],
  isHeld: boolean,
): readonly T[] {
  const order = useRef<readonly string[]>([])
  if (!isHeld) order.current = items.map(({ id }) => id)
  return isHeld ? inOrder(items, order.current) : items
}

export function inOrder<T extends { readonly id: string }>(
  items: readonly T[],
  order: readonly string[],
): readonly T[] {
  const places = new Map(order.map((id, place) => [id, place]))
  const placeOf = ({ id }: T): number => places.get(id) ?? order.length
  return items.toSorted((one, other) => placeOf(one) - placeOf(other))
}
