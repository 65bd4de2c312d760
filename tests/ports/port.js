function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
print(fib(18), Math.PI, 0.1 + 0.2, 1e21, 123456789.123, (25).toString(2), (0.000001234).toExponential(3));
print([5, 3, 9, 1].sort().map(function (x) { return x * x; }).join("-"), "abc".replace(/b/g, "[$&]"));
print(JSON.stringify({ a: [1, 2, { b: null }], c: "text\n" }), JSON.parse('{"x": [1, 2.5e3]}').x[1]);
try { null.x; } catch (e) { print("caught", e instanceof TypeError); }
var s = 0; for (var i = 0; i < 20000; ++i) s = (s * 31 + i) % 1000003; print(s, parseInt("ff", 16), isNaN("x" * 1));
print(new Date(0).toISOString(), "test".charCodeAt(1), [1, 2, 3].indexOf(3), typeof undefined);
