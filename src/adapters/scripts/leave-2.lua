-- Ends a lease at once: what its holder held is free.
--
-- KEYS[1]  members: a field for each holder, and '#rev', which changes whenever they do
-- KEYS[2]  ledger of the holder
-- ARGV[1]  name of the holder
-- ARGV[2]  epoch of the lease
--
-- Answers 1, or 0 when another lease has begun meanwhile: that one stays.

local epoch = redis.call('HGET', KEYS[2], '#epoch')
if epoch and epoch ~= ARGV[2] then
  return 0
end
redis.call('DEL', KEYS[2])
if redis.call('HDEL', KEYS[1], ARGV[1]) == 1 then
  redis.call('HINCRBY', KEYS[1], '#rev', 1)
end
return 1
