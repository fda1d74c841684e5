-- Lengthens a lease, and strikes those off the members whose lease has ended.
--
-- KEYS[1]    members: a field for each holder; '#rev', which changes whenever they do; '#beat', when
--            one of them was last heard
-- KEYS[2]    ledger of the holder
-- KEYS[3..]  ledgers of all other members
-- ARGV[1]    epoch of the lease
-- ARGV[2]    '#rev' of the members that KEYS was made from
-- ARGV[3]    length of a lease in ms
-- ARGV[4]    how long members may stand without a heartbeat, in ms
-- ARGV[5..]  names of the other members, in the order of KEYS
--
-- Answers
--   { -1 }                                    fenced: the lease has ended
--   { '#seq', '#count', '#rev', holder.. }    the holders only when '#rev' is not ARGV[2]

local members, own = KEYS[1], KEYS[2]
if redis.call('HGET', own, '#epoch') ~= ARGV[1] then
  return { -1 }
end
redis.call('PEXPIRE', own, ARGV[3])
redis.call('PEXPIRE', members, ARGV[4])
local time = redis.call('TIME')
redis.call('HSET', members, '#beat', time[1] * 1000 + math.floor(time[2] / 1000))
for i = 3, #KEYS do
  if redis.call('EXISTS', KEYS[i]) == 0 and redis.call('HDEL', members, ARGV[i + 2]) == 1 then
    redis.call('HINCRBY', members, '#rev', 1)
  end
end
local rev = redis.call('HGET', members, '#rev') or ''
local answer = {
  tonumber(redis.call('HGET', own, '#seq')),
  tonumber(redis.call('HGET', own, '#count')),
  rev,
}
if rev ~= ARGV[2] then
  for _, name in ipairs(redis.call('HKEYS', members)) do
    if string.sub(name, 1, 1) ~= '#' then answer[#answer + 1] = name end
  end
end
return answer
