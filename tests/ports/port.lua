-- a bit of everything
local t = {}
for i = 1, 200 do t[i] = (i * 7919) % 1009 end
table.sort(t)
print(t[1], t[100], t[200], #t, math.pi, 1/3, 2^53, 10//3, -7 % 3, 1e100, 0x7fffffffffffffff + 1)
print(string.format("%5.2f %d %s %q %x %g", 3.14159, 42, "text", "a\nb", 255, 1e-10))
local co = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i * i) end end)
print(co(), co(), co())
print(pcall(error, {code = 1}), select("#", 1, nil, 3), tostring(nil), ("x"):rep(5, "-"))
print(string.gsub("hello world", "o", "0"), ("%d+"):len(), string.find("abc123", "%d+"))
local f = assert(io.open("/tmp/lua.txt", "w")); f:write("line 1\n", 2, "\n", 3.5, "\n"); f:close()
for l in io.lines("/tmp/lua.txt") do io.write("[", l, "]") end print()
local f = io.open("/tmp/lua.txt"); print(f:read("l", "n", "n"), f:seek("end")); f:close(); os.remove("/tmp/lua.txt")
print(type(os.time()), os.date("%Y", 0), io.open("/nope"))
local s = 0; for i = 1, 300000 do s = s + i % 7 end print(s)
collectgarbage() print(collectgarbage("count") > 0)
local function fib(n) return n < 2 and n or fib(n-1) + fib(n-2) end print(fib(20))
print(load("return 1 +")) 
print(utf8.char(228, 8364), #utf8.char(8364), math.tointeger(3.0), 7 // 0.0, -7 // 0.0, 0/0 ~= 0/0)
