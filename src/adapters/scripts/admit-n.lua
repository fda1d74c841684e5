-- Takes slots and gives them back: a list of steps, each all or nothing, done in order.
--
-- KEYS[1]    members: a field for each holder, and '#rev', which changes whenever they do
-- KEYS[2]    ledger of the holder that asks: budget -> count, and '#epoch', '#seq', '#count'
-- KEYS[3..]  ledgers of all other members
-- ARGV[1]    epoch of the asker's lease
-- ARGV[2]    '#rev' of the members that KEYS was made from
-- ARGV[3..]  steps:
--   '=' K, K x (BUDGET, CHANGE)     takes (or, below 0, gives back) CHANGE slots in each of K budgets,
--                                   whatever their caps: sessions that are admitted, or have ended
--   '+' K, K x (BUDGET, CAP, WANT)  takes slots in K budgets, or none at all. CAP '' is none. WANT
--                                   '0' is a dry run: one slot, over the cap or not. '1' is one slot.
--                                   More is a block: at most so many, and at most the holder's even
--                                   share of what is free, but one at least.
--   '?' K, K x BUDGET               only counts
--
-- Answers
--   { -1 }                     fenced: the lease has ended. Nothing was done.
--   { -2, '#rev', holder.. }   stale: there are other members than KEYS says. Nothing was done.
--   { '#seq', .. }             done. For each '+': 0, or the place (from 1) of the budget that did not
--                              fit; then, as for each '?', every budget's count before the step.
--
-- A count is the sum over the ledgers; a ledger that has expired counts nothing. '#seq' goes up by
-- one for each call that takes or gives, so that a holder sees a write that was lost or done twice.

local members, own = KEYS[1], KEYS[2]
if redis.call('HGET', own, '#epoch') ~= ARGV[1] then
  return { -1 }
end
local rev = redis.call('HGET', members, '#rev')
if rev ~= ARGV[2] then
  local answer = { -2, rev or '' }
  for _, name in ipairs(redis.call('HKEYS', members)) do
    if string.sub(name, 1, 1) ~= '#' then answer[#answer + 1] = name end
  end
  return answer
end

local sums, deltas, changed = {}, {}, {}
local wrote, total = false, 0
local holders = #KEYS - 1

local function used(budget)
  local sum = sums[budget]
  if sum == nil then
    -- What this call has changed so far is written at its end.
    sum = deltas[budget] or 0
    for i = 2, #KEYS do
      sum = sum + (tonumber(redis.call('HGET', KEYS[i], budget)) or 0)
    end
    sums[budget] = sum
  end
  return math.max(0, sum)
end

local function add(budget, count)
  if sums[budget] ~= nil then sums[budget] = sums[budget] + count end
  if deltas[budget] == nil then
    deltas[budget] = 0
    changed[#changed + 1] = budget
  end
  deltas[budget] = deltas[budget] + count
  total = total + count
  wrote = true
end

local answer = { 0 }
local at = 3
while at <= #ARGV do
  local kind, k = ARGV[at], tonumber(ARGV[at + 1])
  at = at + 2
  if kind == '=' then
    for i = 0, k - 1 do
      add(ARGV[at + 2 * i], tonumber(ARGV[at + 2 * i + 1]))
    end
    at = at + 2 * k
  elseif kind == '?' then
    for i = 0, k - 1 do
      answer[#answer + 1] = used(ARGV[at + i])
    end
    at = at + k
  else
    local decided, place = 0, #answer + 1
    answer[place] = 0
    for i = 0, k - 1 do
      local cap = tonumber(ARGV[at + 3 * i + 1])
      local count = used(ARGV[at + 3 * i])
      answer[#answer + 1] = count
      if decided == 0 and cap ~= nil and count >= cap and ARGV[at + 3 * i + 2] ~= '0' then
        decided = i + 1
      end
    end
    answer[place] = decided
    if decided == 0 then
      for i = 0, k - 1 do
        local want = tonumber(ARGV[at + 3 * i + 2])
        if want > 1 then
          local free = tonumber(ARGV[at + 3 * i + 1]) - answer[place + 1 + i]
          want = math.min(want, math.max(1, math.floor(free / holders)))
        end
        add(ARGV[at + 3 * i], math.max(1, want))
      end
    end
    at = at + 3 * k
  end
end

for _, budget in ipairs(changed) do
  local delta = deltas[budget]
  if delta ~= 0 then
    local left = redis.call('HINCRBY', own, budget, delta)
    if left <= 0 then redis.call('HDEL', own, budget) end
  end
end
if total ~= 0 then redis.call('HINCRBY', own, '#count', total) end
if wrote then
  answer[1] = redis.call('HINCRBY', own, '#seq', 1)
else
  answer[1] = tonumber(redis.call('HGET', own, '#seq'))
end
return answer
