function fib(n){return n<2?n:fib(n-1)+fib(n-2)} print(fib(18)); print(JSON.stringify({a:[1,2.5,"x\u00e9"],b:null})); print("a1b22".replace(/\d+/g,function(m){return "<"+m+">"}));
print([3,1,2].sort().join(), Math.sqrt(2), 0.1+0.2, 1e21, (255).toString(16), parseFloat("1e-7")); try{null.x}catch(e){print(e instanceof TypeError)}
var o={}; for(var i=0;i<2000;i++) o["k"+i]=i; print(Object.keys(o).length); print(new Date(0).toISOString()); print(new Uint8Array([1,2,300])[2]); 
