%% Baselines in Erlang: main [NAME, ARGS...]; prints a figure. Each checks its own results.
-module(bench_erl).
-export([main/1]).

main([Name | Args]) ->
    Result = try run(Name, [list_to_integer(A) || A <- Args])
             catch _:Reason -> io:format(standard_error, "~p~n", [Reason]), halt(1)
             end,
    io:format("~p~n", [float(Result)]),
    halt(0).

now_ns() -> erlang:monotonic_time(nanosecond).

%% Processes of one scheduler yield to each other.
run("switch", [Threads, Total]) ->
    Times = Total div Threads,
    Self = self(),
    All = [spawn_opt(fun() -> receive go -> yields(Times), Self ! {done, Times} end end, [{scheduler, 1}])
           || _ <- lists:seq(1, Threads)],
    Start = now_ns(),
    [P ! go || P <- All],
    Done = lists:sum([receive {done, N} -> N end || _ <- All]),
    Took = now_ns() - Start,
    Done = Times * Threads,
    Took / Done;
%% A process is made on this scheduler, runs, and sends its result.
run("spawn", [N]) ->
    pin(fun() ->
        Start = now_ns(),
        spawns(N, self()),
        (now_ns() - Start) / N
    end);
run("flight", [N, Flight]) ->
    pin(fun() ->
        Start = now_ns(),
        flights(N div Flight, Flight, self()),
        (now_ns() - Start) / N
    end);
%% A message to a process of another scheduler, and its answer.
run("call", [N]) ->
    Server = spawn_opt(fun answers/0, [{scheduler, 2}]),
    pin(fun() ->
        Start = now_ns(),
        calls(N, Server),
        (now_ns() - Start) / N
    end);
run("stream", [N]) ->
    Server = spawn_opt(fun() -> counts(0) end, [{scheduler, 2}]),
    pin(fun() ->
        Start = now_ns(),
        posts(N, Server),
        Server ! {counted, self()},
        N = receive {count, Count} -> Count end,
        (now_ns() - Start) / N
    end);
run("handoff", [N]) ->
    Server = spawn_opt(fun answers/0, [{scheduler, 1}]),
    pin(fun() ->
        Start = now_ns(),
        calls(N div 2, Server),
        (now_ns() - Start) / N
    end);
run("memory", [N]) ->
    Before = erlang:memory(total),
    All = [spawn(fun() -> receive stop -> ok end end) || _ <- lists:seq(1, N)],
    (erlang:memory(total) - Before - N * 16) / length(All).

pin(Fun) ->
    Self = self(),
    spawn_opt(fun() -> Self ! {result, Fun()} end, [{scheduler, 1}, link]),
    receive {result, R} -> R end.

yields(0) -> ok;
yields(N) -> erlang:yield(), yields(N - 1).

spawns(0, _) -> ok;
spawns(N, Self) ->
    spawn_opt(fun() -> Self ! N end, [{scheduler, 1}]),
    receive N -> ok end,
    spawns(N - 1, Self).

flights(0, _, _) -> ok;
flights(N, Flight, Self) ->
    [spawn_opt(fun() -> Self ! {done, I} end, [{scheduler, 2}]) || I <- lists:seq(1, Flight)],
    Sum = lists:sum([receive {done, I} -> I end || _ <- lists:seq(1, Flight)]),
    Sum = Flight * (Flight + 1) div 2,
    flights(N - 1, Flight, Self).

answers() -> receive {From, N} -> From ! N + 1, answers() end.

calls(0, _) -> ok;
calls(N, Server) ->
    Server ! {self(), N},
    receive M when M =:= N + 1 -> ok end,
    calls(N - 1, Server).

counts(N) ->
    receive
        {counted, From} -> From ! {count, N};
        _ -> counts(N + 1)
    end.

posts(0, _) -> ok;
posts(N, Server) -> Server ! N, posts(N - 1, Server).
