-- Begins a lease: writes a holder's ledger anew, with all that it holds, whatever the caps say.
--
-- KEYS[1]   members: a field for each holder; '#rev', which changes whenever they do; '#beat', when
--           one of them was last heard; '#born', since when there is no gap between beats
-- KEYS[2]   ledger of the holder
-- ARGV[1]   name of the holder
-- ARGV[2]   epoch of the new lease, never used before
-- ARGV[3]   length of a lease in ms
-- ARGV[4]   a gap in ms: when nobody was heard for so long, everybody is waited for as long
-- ARGV[5]   how long members may stand without a heartbeat, in ms
-- ARGV[6]   sum of all counts
-- ARGV[7..] budget, count, ..
--
-- Answers { ms until the store is complete, '#rev', holder.. }
--
-- A store that lost its data, or that nobody could reach, knows nobody who has not registered since.
-- So for ARGV[4] ms after the first one who did nobody relies on it: by then all who live have
-- written what they hold.

local members, own = KEYS[1], KEYS[2]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('DEL', own)
redis.call('HSET', own, '#epoch', ARGV[2], '#seq', 0, '#count', ARGV[6])
-- In pieces: a Lua call takes some thousand arguments.
for from = 7, #ARGV, 1000 do
  redis.call('HSET', own, unpack(ARGV, from, math.min(from + 999, #ARGV)))
end
redis.call('PEXPIRE', own, ARGV[3])
local beat = tonumber(redis.call('HGET', members, '#beat'))
if beat == nil or now - beat > tonumber(ARGV[4]) then
  redis.call('HSET', members, '#born', now)
end
redis.call('HSET', members, '#beat', now)
-- From the clock, so that members that were lost do not come back under a number that was used.
redis.call('HSETNX', members, '#rev', now)
if redis.call('HSETNX', members, ARGV[1], 1) == 1 then
  redis.call('HINCRBY', members, '#rev', 1)
end
redis.call('PEXPIRE', members, ARGV[5])

local born = tonumber(redis.call('HGET', members, '#born'))
local answer = {
  math.min(tonumber(ARGV[4]), math.max(0, born + tonumber(ARGV[4]) - now)),
  redis.call('HGET', members, '#rev'),
}
for _, name in ipairs(redis.call('HKEYS', members)) do
  if string.sub(name, 1, 1) ~= '#' then answer[#answer + 1] = name end
end
return answer
